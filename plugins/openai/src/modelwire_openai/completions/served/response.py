"""Answers of Chat Completions, whole and streamed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

import msgspec

from modelwire.dialects import (
    KEEP_ALIVE,
    SSE_MEDIA_TYPE,
    EventWriter,
    Failure,
    FailureReport,
    Fields,
    ServedCall,
    ServedRequest,
    WireEvent,
    extension,
    frame_data,
)
from modelwire.events import (
    Event,
    TextDeltaEvent,
    ThinkingDeltaEvent,
    ThinkingEndEvent,
    ToolCallDeltaEvent,
    ToolCallEndEvent,
    ToolCallStartEvent,
)
from modelwire.messages import AssistantMessage, StopReason, Thinking, ToolCall, Usage
from modelwire.models import Model
from modelwire_openai.completions.served.request import API, read_call
from modelwire_openai.served.errors import error_object, openai_error, openai_headers
from modelwire_openai.served.tools import custom_input, signature_of

__all__ = ["ChatDialect"]

_encode = msgspec.json.Encoder().encode

_REASONS: Final[Mapping[StopReason, str]] = {
    StopReason.STOP: "stop",
    StopReason.LENGTH: "length",
    StopReason.TOOL_USE: "tool_calls",
}
_CHUNK: Final = "chat.completion.chunk"
_AFTER: Final = b',"logprobs":null,"finish_reason":null}]}'
_ROLE: Final = b'{"role":"assistant","content":""}'


class ChatDialect:
    """Chat Completions."""

    api: ClassVar[str] = API
    paths: ClassVar[Mapping[str, bool | None]] = {"/v1/chat/completions": None}
    beginnings: ClassVar[tuple[str, ...]] = ("/v1/",)
    media_type: ClassVar[str] = SSE_MEDIA_TYPE
    provider: ClassVar[str | None] = None
    needs_text: ClassVar[bool] = False

    def read(
        self,
        body: Mapping[str, Any],
        headers: Mapping[str, str],  # noqa: ARG002 - the protocol's
        model: Model,
        upstream: str,
    ) -> ServedCall:
        """Read a request; see `Dialect`."""
        return read_call(Fields(body), model, upstream)

    def writer(self, request: ServedRequest) -> EventWriter:
        """Make what writes a streamed answer."""
        return _ChatWriter(request)

    def frame(self, event: WireEvent) -> bytes:
        """Write an event as bytes of a stream."""
        return frame_data(event)

    def whole(self, message: AssistantMessage, request: ServedRequest) -> dict[str, Any]:
        """Write an answer that is not streamed."""
        written: dict[str, Any] = {
            "role": "assistant",
            "content": message.text or None,
            "refusal": None,
        }
        if message.thinking:
            written["reasoning_content"] = message.thinking
        if details := _details(message):
            written["reasoning_details"] = details
        calls = [_call(call, request.call.custom_tools) for call in message.tool_calls]
        if calls:
            written["tool_calls"] = calls
        choice = {
            "index": 0,
            "message": written,
            "logprobs": None,
            "finish_reason": _REASONS.get(message.stop_reason, "stop"),
        }
        return {
            "id": _id(request),
            "object": "chat.completion",
            "created": request.created,
            "model": request.name,
            "choices": [choice],
            "usage": usage_of(message.usage),
            **extension(request, message),
        }

    def error(self, failure: Failure, request_id: str) -> FailureReport:  # noqa: ARG002 - the protocol's
        """Write a failure."""
        return openai_error(failure)

    def headers(self, request_id: str) -> dict[str, str]:
        """The header fields that every answer has."""
        return openai_headers(request_id)


def usage_of(usage: Usage) -> dict[str, Any]:
    """The usage of an answer, where the prompt includes what a cache held."""
    prompt = usage.input + usage.cache_read + usage.cache_write
    return {
        "prompt_tokens": prompt,
        "completion_tokens": usage.output,
        "total_tokens": prompt + usage.output,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning or 0},
    }


def _id(request: ServedRequest) -> str:
    return f"chatcmpl-{request.request_id.removeprefix('req_')}"


def _details(message: AssistantMessage) -> list[dict[str, Any]]:
    """Thinking that has to come back unchanged, in the form that other gateways use as well."""
    thoughts = (block for block in message.content if isinstance(block, Thinking))
    signed = [block for block in thoughts if block.signature]
    return [_detail(index, block) for index, block in enumerate(signed)]


def _detail(index: int, block: Thinking) -> dict[str, Any]:
    if block.redacted:
        return {"type": "reasoning.encrypted", "data": block.signature, "index": index}
    return {
        "type": "reasoning.text",
        "text": block.text,
        "signature": block.signature,
        "index": index,
    }


def _call(call: ToolCall, custom: frozenset[str]) -> dict[str, Any]:
    if call.name in custom:
        inner = {"name": call.name, "input": custom_input(call.arguments)}
        written: dict[str, Any] = {"id": call.id, "type": "custom", "custom": inner}
    else:
        arguments = _encode(call.arguments).decode()
        written = {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": arguments},
        }
    return written | signature_of(call)


class _ChatWriter:
    """Writes the chunks of one answer."""

    def __init__(self, request: ServedRequest) -> None:
        self._request = request
        base = {
            "id": _id(request),
            "object": _CHUNK,
            "created": request.created,
            "model": request.name,
        }
        self._head = _encode(base)[:-1]
        self._before = self._head + b',"choices":[{"index":0,"delta":'
        self._begun = False
        self._calls: dict[int, int] = {}
        self._custom: set[int] = set()
        self._argued: set[int] = set()
        self._thoughts: list[str] = []
        self._signed = 0

    def feed(self, event: Event) -> list[WireEvent]:
        """Write an event; the role comes before the first."""
        handler = self._HANDLERS.get(type(event))
        data = [] if handler is None else handler(self, event)
        return data if self._begun else self._begin() + data

    def end(self, message: AssistantMessage) -> list[WireEvent]:
        """Write the finish reason, the usage if it was requested, and `[DONE]`."""
        reason = _encode(_REASONS.get(message.stop_reason, "stop"))
        more = _encode(extension(self._request, message))[1:-1]
        last = self._before + b'{},"logprobs":null,"finish_reason":' + reason + b"}]"
        last += (b"," + more if more else b"") + b"}"
        events = [*self._begin(), WireEvent(_CHUNK, last)]
        if self._request.call.include_usage:
            usage = _encode(usage_of(message.usage))
            events.append(WireEvent(_CHUNK, self._head + b',"choices":[],"usage":' + usage + b"}"))
        return [*events, WireEvent("done", b"[DONE]")]

    def fail(self, failure: Failure) -> list[WireEvent]:
        """Write an error; there is no `[DONE]` after it."""
        return [WireEvent("error", _encode({"error": error_object(failure)}))]

    def keep_alive(self) -> list[WireEvent]:
        """Write a comment, which clients skip."""
        return [KEEP_ALIVE]

    def _begin(self) -> list[WireEvent]:
        if self._begun:
            return []
        self._begun = True
        return self._delta(_ROLE)

    def _delta(self, delta: bytes) -> list[WireEvent]:
        return [WireEvent(_CHUNK, self._before + delta + _AFTER)]

    def _on_text(self, event: TextDeltaEvent) -> list[WireEvent]:
        return self._delta(b'{"content":' + _encode(event.delta) + b"}")

    def _on_thinking(self, event: ThinkingDeltaEvent) -> list[WireEvent]:
        self._thoughts.append(event.delta)
        return self._delta(b'{"reasoning_content":' + _encode(event.delta) + b"}")

    def _on_thinking_end(self, event: ThinkingEndEvent) -> list[WireEvent]:
        text = "".join(self._thoughts)
        self._thoughts.clear()
        if not event.signature:
            return []
        block = Thinking(text, event.signature, event.redacted)
        detail = _detail(self._signed, block)
        self._signed += 1
        return self._delta(_encode({"reasoning_details": [detail]}))

    def _on_call(self, event: ToolCallStartEvent) -> list[WireEvent]:
        index = self._calls.setdefault(event.content_index, len(self._calls))
        piece: dict[str, Any] = {"index": index, "id": event.id}
        if event.name in self._request.call.custom_tools:
            self._custom.add(event.content_index)
            piece |= {"type": "custom", "custom": {"name": event.name, "input": ""}}
        else:
            piece |= {"type": "function", "function": {"name": event.name, "arguments": ""}}
        return self._delta(_encode({"tool_calls": [piece]}))

    def _on_arguments(self, event: ToolCallDeltaEvent) -> list[WireEvent]:
        if event.content_index in self._custom:
            return []  # the text within the JSON is known at the end
        self._argued.add(event.content_index)
        piece = {
            "index": self._calls[event.content_index],
            "function": {"arguments": event.delta},
        }
        return self._delta(_encode({"tool_calls": [piece]}))

    def _on_call_end(self, event: ToolCallEndEvent) -> list[WireEvent]:
        piece: dict[str, Any] = {"index": self._calls[event.content_index]}
        if event.content_index in self._custom:
            piece["custom"] = {"input": custom_input(event.tool_call.arguments)}
        elif event.content_index not in self._argued:
            piece["function"] = {"arguments": "{}"}
        piece |= signature_of(event.tool_call)
        return self._delta(_encode({"tool_calls": [piece]})) if len(piece) > 1 else []

    _HANDLERS: ClassVar[Mapping[type, Callable[[Any, Any], list[WireEvent]]]] = {
        TextDeltaEvent: _on_text,
        ThinkingDeltaEvent: _on_thinking,
        ThinkingEndEvent: _on_thinking_end,
        ToolCallStartEvent: _on_call,
        ToolCallDeltaEvent: _on_arguments,
        ToolCallEndEvent: _on_call_end,
    }
