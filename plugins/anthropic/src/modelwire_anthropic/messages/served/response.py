"""Answers of Anthropic's Messages, whole and streamed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import msgspec

from modelwire.dialects import (
    SSE_MEDIA_TYPE,
    BlockOrder,
    EventWriter,
    Failure,
    FailureReport,
    Fields,
    ServedCall,
    ServedRequest,
    WireEvent,
    extension,
    frame_named,
)
from modelwire.events import (
    CitationEvent,
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
from modelwire.messages import AssistantMessage, Usage
from modelwire.models import Model
from modelwire_anthropic.messages.served.blocks import (
    block_of,
    citation_of,
    stop_reason_of,
    usage_of,
)
from modelwire_anthropic.messages.served.errors import anthropic_error, error_body
from modelwire_anthropic.messages.served.request import API, read_call

__all__ = ["MessagesDialect"]

_encode = msgspec.json.Encoder().encode


class MessagesDialect:
    """Messages."""

    api: ClassVar[str] = API
    paths: ClassVar[Mapping[str, bool | None]] = {"/v1/messages": None}
    beginnings: ClassVar[tuple[str, ...]] = ("/v1/messages",)
    media_type: ClassVar[str] = SSE_MEDIA_TYPE
    provider: ClassVar[str | None] = None
    needs_text: ClassVar[bool] = False
    batch_members: ClassVar[tuple[str, str]] = ("custom_id", "params")

    def read(
        self, body: Mapping[str, Any], headers: Mapping[str, str], model: Model, upstream: str
    ) -> ServedCall:
        """Read a request; see `Dialect`."""
        return read_call(Fields(body), headers, model, upstream)

    def writer(self, request: ServedRequest) -> EventWriter:
        """Make what writes a streamed answer."""
        return _MessagesWriter(request)

    def frame(self, event: WireEvent) -> bytes:
        """Write an event as bytes of a stream."""
        return frame_named(event)

    def whole(self, message: AssistantMessage, request: ServedRequest) -> dict[str, Any]:
        """Write an answer that is not streamed."""
        return _message(message, request)

    def error(self, failure: Failure, request_id: str) -> FailureReport:
        """Write a failure."""
        return anthropic_error(failure, request_id)

    def headers(self, request_id: str) -> dict[str, str]:
        """The header fields that every answer has."""
        return {"request-id": request_id, "x-request-id": request_id}


def _message(message: AssistantMessage, request: ServedRequest) -> dict[str, Any]:
    return {
        **_opening(request),
        "content": [block_of(block) for block in message.content],
        "stop_reason": stop_reason_of(message),
        "usage": usage_of(message.usage),
        **extension(request, message),
    }


def _opening(request: ServedRequest) -> dict[str, Any]:
    return {
        "id": f"msg_{request.request_id.removeprefix('req_')}",
        "type": "message",
        "role": "assistant",
        "model": request.name,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage_of(Usage()),
    }


class _MessagesWriter:
    """Writes the events of one answer."""

    def __init__(self, request: ServedRequest) -> None:
        self._request = request
        self._begun = False
        self._order = BlockOrder()
        self._places: dict[int, int] = {}

    def feed(self, event: Event) -> list[WireEvent]:
        """Write an event; `message_start` comes before the first."""
        written = self._begin()
        is_next = type(event) is TextDeltaEvent and self._order.is_plain
        for each in (event,) if is_next else self._order.feed(event):
            handler = self._HANDLERS.get(type(each))
            if handler is not None:
                written += handler(self, each)
        return written

    def end(self, message: AssistantMessage) -> list[WireEvent]:
        """Write why the answer ended, and its usage."""
        delta = {
            "type": "message_delta",
            "delta": {"stop_reason": stop_reason_of(message), "stop_sequence": None},
            "usage": usage_of(message.usage),
            **extension(self._request, message),
        }
        stop = self._event("message_stop", b'{"type":"message_stop"}')
        return self._begin() + self._event("message_delta", _encode(delta)) + stop

    def fail(self, failure: Failure) -> list[WireEvent]:
        """Write an error, which ends the stream."""
        return self._event("error", _encode(error_body(failure, self._request.request_id)))

    def keep_alive(self) -> list[WireEvent]:
        """Write a `ping`; `message_start` comes before it."""
        return self._begin() + self._event("ping", b'{"type":"ping"}')

    @staticmethod
    def _event(name: str, data: bytes) -> list[WireEvent]:
        return [WireEvent(name, data)]

    def _begin(self) -> list[WireEvent]:
        if self._begun:
            return []
        self._begun = True
        start = {"type": "message_start", "message": _opening(self._request)}
        return self._event("message_start", _encode(start))

    def _start(self, content_index: int, block: Mapping[str, Any]) -> list[WireEvent]:
        """Begin a block; blocks are numbered as they begin."""
        index = self._places.setdefault(content_index, len(self._places))
        data = {"type": "content_block_start", "index": index, "content_block": block}
        return self._event("content_block_start", _encode(data))

    def _delta(self, content_index: int, kind: bytes, member: bytes, value: Any) -> list[WireEvent]:
        index = str(self._places[content_index]).encode()
        data = (
            b'{"type":"content_block_delta","index":' + index + b',"delta":{"type":"' + kind
            + b'","' + member + b'":' + _encode(value) + b"}}"
        )  # fmt: skip
        return self._event("content_block_delta", data)

    def _stop(self, content_index: int) -> list[WireEvent]:
        data = {"type": "content_block_stop", "index": self._places[content_index]}
        return self._event("content_block_stop", _encode(data))

    def _on_text_start(self, event: TextStartEvent) -> list[WireEvent]:
        return self._start(event.content_index, {"type": "text", "text": ""})

    def _on_text(self, event: TextDeltaEvent) -> list[WireEvent]:
        return self._delta(event.content_index, b"text_delta", b"text", event.delta)

    def _on_citation(self, event: CitationEvent) -> list[WireEvent]:
        written = citation_of(event.citation)
        return self._delta(event.content_index, b"citations_delta", b"citation", written)

    def _on_end(self, event: TextEndEvent) -> list[WireEvent]:
        return self._stop(event.content_index)

    def _on_thinking(self, event: ThinkingDeltaEvent) -> list[WireEvent]:
        start = self._thinking_start(event.content_index)
        delta = self._delta(event.content_index, b"thinking_delta", b"thinking", event.delta)
        return start + delta

    def _thinking_start(self, content_index: int) -> list[WireEvent]:
        """Begin a block of thinking, once it is known that it is not redacted."""
        if content_index in self._places:
            return []
        return self._start(content_index, {"type": "thinking", "thinking": "", "signature": ""})

    def _on_thinking_end(self, event: ThinkingEndEvent) -> list[WireEvent]:
        index, signature = event.content_index, event.signature
        if event.redacted:
            block = {"type": "redacted_thinking", "data": signature or ""}
            return self._start(index, block) + self._stop(index)
        start = self._thinking_start(index)
        proof = self._delta(index, b"signature_delta", b"signature", signature) if signature else []
        return start + proof + self._stop(index)

    def _on_call(self, event: ToolCallStartEvent) -> list[WireEvent]:
        block = {"type": "tool_use", "id": event.id, "name": event.name, "input": {}}
        return self._start(event.content_index, block)

    def _on_arguments(self, event: ToolCallDeltaEvent) -> list[WireEvent]:
        return self._delta(event.content_index, b"input_json_delta", b"partial_json", event.delta)

    def _on_call_end(self, event: ToolCallEndEvent) -> list[WireEvent]:
        return self._stop(event.content_index)

    _HANDLERS: ClassVar[Mapping[type, Callable[[Any, Any], list[WireEvent]]]] = {
        TextStartEvent: _on_text_start,
        TextDeltaEvent: _on_text,
        CitationEvent: _on_citation,
        TextEndEvent: _on_end,
        ThinkingDeltaEvent: _on_thinking,
        ThinkingEndEvent: _on_thinking_end,
        ToolCallStartEvent: _on_call,
        ToolCallDeltaEvent: _on_arguments,
        ToolCallEndEvent: _on_call_end,
    }
