"""Converse and ConverseStream."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

import msgspec

from modelwire.dialects import (
    BlockOrder,
    EventWriter,
    Failure,
    FailureReport,
    Fields,
    ServedCall,
    ServedRequest,
    WireEvent,
)
from modelwire.events import (
    Event,
    TextDeltaEvent,
    TextEndEvent,
    TextStartEvent,
    ThinkingDeltaEvent,
    ThinkingEndEvent,
    ToolCallDeltaEvent,
    ToolCallEndEvent,
    ToolCallStartEvent,
)
from modelwire.messages import AssistantContent, AssistantMessage, StopReason, Text, Thinking, Usage
from modelwire.models import Model
from modelwire_bedrock.converse.served.request import API, read_call
from modelwire_bedrock.served.errors import aws_error, aws_exception, aws_headers
from modelwire_bedrock.served.frames import CONTENT_TYPE, frame_event

__all__ = ["ConverseDialect"]

_encode = msgspec.json.Encoder().encode

_REASONS: Final[Mapping[StopReason, str]] = {
    StopReason.STOP: "end_turn",
    StopReason.LENGTH: "max_tokens",
    StopReason.TOOL_USE: "tool_use",
}
_KEEP_ALIVE: Final = WireEvent("keepAlive", b"{}")
_OWN: Final = frozenset({
    "content_filtered", "guardrail_intervened", "model_context_window_exceeded", "stop_sequence",
})  # fmt: skip
"""Reasons of the API itself that say more than modelwire's."""


class ConverseDialect:
    """Converse and ConverseStream."""

    api: ClassVar[str] = API
    paths: ClassVar[Mapping[str, bool | None]] = {
        "/model/{model:path}/converse": False,
        "/model/{model:path}/converse-stream": True,
    }
    beginnings: ClassVar[tuple[str, ...]] = ("/model/", "/inference-profiles", "/foundation-models")
    media_type: ClassVar[str] = CONTENT_TYPE
    provider: ClassVar[str | None] = "amazon-bedrock"
    needs_text: ClassVar[bool] = False
    batch_members: ClassVar[tuple[str, str]] = ("recordId", "modelInput")

    def read(
        self,
        body: Mapping[str, Any],
        headers: Mapping[str, str],  # noqa: ARG002 - the protocol's
        model: Model,
        upstream: str,
    ) -> ServedCall:
        """Read a request; see `Dialect`."""
        return read_call(Fields(body), model, upstream)

    def writer(self, request: ServedRequest) -> EventWriter:  # noqa: ARG002 - the protocol's
        """Make what writes a streamed answer."""
        return _ConverseWriter()

    def frame(self, event: WireEvent) -> bytes:
        """Write an event as bytes of a stream."""
        return frame_event(event)

    def whole(self, message: AssistantMessage, request: ServedRequest) -> dict[str, Any]:
        """Write an answer that is not streamed."""
        content = [_block(block) for block in message.content]
        return {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": _reason(message),
            "usage": _usage(message.usage),
            "metrics": {"latencyMs": max(0, round((time.time() - request.created) * 1000))},
        }

    def error(self, failure: Failure, request_id: str) -> FailureReport:  # noqa: ARG002 - the protocol's
        """Write a failure."""
        return aws_error(failure)

    def headers(self, request_id: str) -> dict[str, str]:
        """The header fields that every answer has."""
        return aws_headers(request_id)


def _reason(message: AssistantMessage) -> str:
    raw = message.raw_stop_reason
    if raw in _OWN and message.stop_reason is not StopReason.TOOL_USE:
        return raw or ""
    return _REASONS.get(message.stop_reason, "end_turn")


def _usage(usage: Usage) -> dict[str, int]:
    return {
        "inputTokens": usage.input,
        "outputTokens": usage.output,
        "totalTokens": usage.total_tokens,
        "cacheReadInputTokens": usage.cache_read,
        "cacheWriteInputTokens": usage.cache_write,
    }


def _block(block: AssistantContent) -> dict[str, Any]:
    if isinstance(block, Text):
        return {"text": block.text}
    if isinstance(block, Thinking):
        if block.redacted:
            return {"reasoningContent": {"redactedContent": block.signature or ""}}
        text = {"text": block.text} | ({"signature": block.signature} if block.signature else {})
        return {"reasoningContent": {"reasoningText": text}}
    return {"toolUse": {"toolUseId": block.id, "name": block.name, "input": block.arguments}}


class _ConverseWriter:
    """Writes the events of one answer."""

    def __init__(self) -> None:
        self._made = time.monotonic()
        self._begun = False
        self._order = BlockOrder()
        self._places: dict[int, int] = {}

    def feed(self, event: Event) -> list[WireEvent]:
        """Write an event; `messageStart` comes before the first."""
        written = self._begin()
        is_next = type(event) is TextDeltaEvent and self._order.is_plain
        for each in (event,) if is_next else self._order.feed(event):
            handler = self._HANDLERS.get(type(each))
            if handler is not None:
                written += handler(self, each)
        return written

    def end(self, message: AssistantMessage) -> list[WireEvent]:
        """Write why the answer ended, and its usage."""
        stop = _event("messageStop", {"stopReason": _reason(message)})
        latency = round((time.monotonic() - self._made) * 1000)
        metadata = {"usage": _usage(message.usage), "metrics": {"latencyMs": latency}}
        return self._begin() + stop + _event("metadata", metadata)

    def fail(self, failure: Failure) -> list[WireEvent]:
        """Write an exception, which ends the stream."""
        return [aws_exception(failure)]

    def keep_alive(self) -> list[WireEvent]:
        """Write the beginning of the message, and after it an event of a type that the API has not.

        The API has no keep-alives, but its clients skip events of types that they do not know, since
        the service may add some: https://smithy.io/2.0/spec/streaming.html#event-stream-semantics.
        """
        return self._begin() or [_KEEP_ALIVE]

    def _begin(self) -> list[WireEvent]:
        if self._begun:
            return []
        self._begun = True
        return _event("messageStart", {"role": "assistant"})

    def _place(self, content_index: int) -> int:
        return self._places.setdefault(content_index, len(self._places))

    def _delta(self, content_index: int, delta: Mapping[str, Any]) -> list[WireEvent]:
        place = self._place(content_index)
        return _event("contentBlockDelta", {"contentBlockIndex": place, "delta": delta})

    def _on_start(self, event: TextStartEvent) -> list[WireEvent]:
        self._place(event.content_index)  # the service writes no start of text
        return []

    def _on_text(self, event: TextDeltaEvent) -> list[WireEvent]:
        return self._delta(event.content_index, {"text": event.delta})

    def _on_thinking(self, event: ThinkingDeltaEvent) -> list[WireEvent]:
        return self._delta(event.content_index, {"reasoningContent": {"text": event.delta}})

    def _on_thinking_end(self, event: ThinkingEndEvent) -> list[WireEvent]:
        proof = []
        if event.signature:
            name = "redactedContent" if event.redacted else "signature"
            proof = self._delta(event.content_index, {"reasoningContent": {name: event.signature}})
        elif event.content_index not in self._places:
            return []
        return proof + self._on_end(event)

    def _on_call(self, event: ToolCallStartEvent) -> list[WireEvent]:
        start = {"toolUse": {"toolUseId": event.id, "name": event.name}}
        place = self._place(event.content_index)
        return _event("contentBlockStart", {"contentBlockIndex": place, "start": start})

    def _on_arguments(self, event: ToolCallDeltaEvent) -> list[WireEvent]:
        return self._delta(event.content_index, {"toolUse": {"input": event.delta}})

    def _on_end(self, event: TextEndEvent | ThinkingEndEvent | ToolCallEndEvent) -> list[WireEvent]:
        place = self._places[event.content_index]
        return _event("contentBlockStop", {"contentBlockIndex": place})

    _HANDLERS: ClassVar[Mapping[type, Callable[[Any, Any], list[WireEvent]]]] = {
        TextStartEvent: _on_start,
        TextDeltaEvent: _on_text,
        TextEndEvent: _on_end,
        ThinkingDeltaEvent: _on_thinking,
        ThinkingEndEvent: _on_thinking_end,
        ToolCallStartEvent: _on_call,
        ToolCallDeltaEvent: _on_arguments,
        ToolCallEndEvent: _on_end,
    }


def _event(name: str, data: Mapping[str, Any]) -> list[WireEvent]:
    return [WireEvent(name, _encode(data))]
