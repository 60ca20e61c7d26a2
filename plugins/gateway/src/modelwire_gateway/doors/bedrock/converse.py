"""Converse and ConverseStream."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

import msgspec

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
from modelwire_gateway.doors.bedrock.errors import aws_error, aws_exception, aws_headers
from modelwire_gateway.doors.bedrock.frames import MEDIA_TYPE, event_frame
from modelwire_gateway.doors.bedrock.invoke import BEDROCK
from modelwire_gateway.doors.bedrock.request import API, read_call
from modelwire_gateway.doors.body import Fields
from modelwire_gateway.doors.call import Call
from modelwire_gateway.doors.dialect import Asked, EventWriter, Reported
from modelwire_gateway.doors.failure import Failure

__all__ = ["ConverseDialect"]

_encode = msgspec.json.Encoder().encode

_REASONS: Final[Mapping[StopReason, str]] = {
    StopReason.STOP: "end_turn",
    StopReason.LENGTH: "max_tokens",
    StopReason.TOOL_USE: "tool_use",
}
_OWN: Final = frozenset({
    "content_filtered", "guardrail_intervened", "model_context_window_exceeded", "stop_sequence",
})  # fmt: skip
"""Reasons of the API itself that say more than modelwire's."""


class ConverseDialect:
    """Converse.

    Args:
        stream: Whether it is ConverseStream.
    """

    api: ClassVar[str] = API
    media_type: ClassVar[str] = MEDIA_TYPE
    provider: ClassVar[str | None] = BEDROCK
    needs_text: ClassVar[bool] = False

    def __init__(self, *, stream: bool) -> None:
        self._stream = stream

    def read(
        self,
        body: Mapping[str, Any],
        headers: Mapping[str, str],  # noqa: ARG002 - the protocol's
        model: Model,
        upstream: str,
    ) -> Call:
        """Read a request; see `Dialect`."""
        return read_call(Fields(body), model, upstream, stream=self._stream)

    def writer(self, asked: Asked) -> EventWriter:  # noqa: ARG002 - the protocol's
        """Make what writes a streamed answer."""
        return _ConverseWriter()

    def whole(self, message: AssistantMessage, asked: Asked) -> dict[str, Any]:
        """Write an answer that is not streamed."""
        content = [_block(block) for block in message.content]
        return {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": _reason(message),
            "usage": _usage(message.usage),
            "metrics": {"latencyMs": max(0, round((time.time() - asked.created) * 1000))},
        }

    def error(self, failure: Failure, request_id: str) -> Reported:  # noqa: ARG002 - the protocol's
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
        self._places: dict[int, int] = {}
        self._handlers: dict[type, Callable[[Any], bytes]] = {
            TextStartEvent: self._on_start,
            TextDeltaEvent: self._on_text,
            TextEndEvent: self._on_end,
            ThinkingDeltaEvent: self._on_thinking,
            ThinkingEndEvent: self._on_thinking_end,
            ToolCallStartEvent: self._on_call,
            ToolCallDeltaEvent: self._on_arguments,
            ToolCallEndEvent: self._on_end,
        }

    def feed(self, event: Event) -> bytes:
        """Write an event; `messageStart` comes before the first."""
        start = self._begin()
        handler = self._handlers.get(type(event))
        return start if handler is None else start + handler(event)

    def end(self, message: AssistantMessage) -> bytes:
        """Write why the answer ended, and its usage."""
        stop = _event("messageStop", {"stopReason": _reason(message)})
        latency = round((time.monotonic() - self._made) * 1000)
        told = {"usage": _usage(message.usage), "metrics": {"latencyMs": latency}}
        return self._begin() + stop + _event("metadata", told)

    def fail(self, failure: Failure) -> bytes:
        """Write an exception, which ends the stream."""
        return aws_exception(failure)

    def keep_alive(self) -> bytes:
        """Write the beginning of the message; after that the API has nothing that clients skip."""
        return self._begin()

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return _event("messageStart", {"role": "assistant"})

    def _place(self, content_index: int) -> int:
        return self._places.setdefault(content_index, len(self._places))

    def _delta(self, content_index: int, delta: Mapping[str, Any]) -> bytes:
        place = self._place(content_index)
        return _event("contentBlockDelta", {"contentBlockIndex": place, "delta": delta})

    def _on_start(self, event: TextStartEvent) -> bytes:
        self._place(event.content_index)  # the service writes no start of text
        return b""

    def _on_text(self, event: TextDeltaEvent) -> bytes:
        return self._delta(event.content_index, {"text": event.delta})

    def _on_thinking(self, event: ThinkingDeltaEvent) -> bytes:
        return self._delta(event.content_index, {"reasoningContent": {"text": event.delta}})

    def _on_thinking_end(self, event: ThinkingEndEvent) -> bytes:
        proof = b""
        if event.signature:
            name = "redactedContent" if event.redacted else "signature"
            proof = self._delta(event.content_index, {"reasoningContent": {name: event.signature}})
        elif event.content_index not in self._places:
            return b""
        return proof + self._on_end(event)

    def _on_call(self, event: ToolCallStartEvent) -> bytes:
        start = {"toolUse": {"toolUseId": event.id, "name": event.name}}
        place = self._place(event.content_index)
        return _event("contentBlockStart", {"contentBlockIndex": place, "start": start})

    def _on_arguments(self, event: ToolCallDeltaEvent) -> bytes:
        return self._delta(event.content_index, {"toolUse": {"input": event.delta}})

    def _on_end(self, event: TextEndEvent | ThinkingEndEvent | ToolCallEndEvent) -> bytes:
        place = self._places[event.content_index]
        return _event("contentBlockStop", {"contentBlockIndex": place})


def _event(name: str, data: Mapping[str, Any]) -> bytes:
    return event_frame(name, _encode(data))
