"""The wire of the Messages API, for modelwire's conformance kit.

A custom provider with this API is tested in one line:

    TestAcme = provider_suite("acme", api="anthropic-messages", wire=MessagesWire())
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from modelwire.messages import StopReason, Text, Thinking, ToolCall
from modelwire.testing import ScriptedAnswer, SseWire, fragments, pieces
from modelwire_anthropic.messages.assistant import to_base64
from modelwire_anthropic.testing_batches import MessageBatchService

__all__ = ["MessagesWire"]

_REASONS: Mapping[StopReason, str] = {
    StopReason.STOP: "end_turn",
    StopReason.LENGTH: "max_tokens",
    StopReason.TOOL_USE: "tool_use",
}
_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}

_Event = tuple[str, dict[str, Any]]


class MessagesWire(SseWire):
    """The Messages API, as a server streams it."""

    request_id_header = "request-id"

    def events(self, answer: ScriptedAnswer) -> Iterator[_Event]:
        """Write an answer as named events."""
        used = answer.usage
        counted = {
            "input_tokens": used.input,
            "cache_read_input_tokens": used.cache_read,
            "cache_creation_input_tokens": used.cache_write,
            "cache_creation": {
                "ephemeral_5m_input_tokens": used.cache_write - used.cache_write_1h,
                "ephemeral_1h_input_tokens": used.cache_write_1h,
            },
            "output_tokens": 1,
        }
        message: dict[str, Any] = {
            "id": answer.response_id,
            "type": "message",
            "role": "assistant",
            "model": answer.model,
            "content": [],
            "stop_reason": None,
            "usage": counted,
        }
        yield _event("message_start", message=message)
        yield _event("ping")
        for index, block in enumerate(answer.content):
            yield _event("content_block_start", index=index, content_block=_begun(block))
            for delta in _deltas(block):
                yield _event("content_block_delta", index=index, delta=delta)
            yield _event("content_block_stop", index=index)
        reason = {"stop_reason": _REASONS[answer.stop_reason], "stop_sequence": None}
        yield _event("message_delta", delta=reason, usage={"output_tokens": used.output})
        yield _event("message_stop")

    def failure(self, message: str) -> _Event:
        """Write an error in mid-stream."""
        return _event("error", error={"type": "api_error", "message": message})

    def refusal(self, status: int, message: str) -> dict[str, Any]:
        """Write an error as all routes do."""
        kind = _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
        return {"type": "error", "error": {"type": kind, "message": message}}

    def batch_service(self) -> MessageBatchService:
        """Make a service without any batches."""
        return MessageBatchService()

    def models(self, ids: Sequence[str]) -> dict[str, Any]:
        """Write a list of models, of one page."""
        data = [{"type": "model", "id": name, "display_name": name} for name in ids]
        ends = {"first_id": ids[0], "last_id": ids[-1]} if ids else {}
        return {"data": data, "has_more": False, **ends}


def _event(name: str, **data: Any) -> _Event:
    return name, {"type": name, **data}


def _begun(block: Text | Thinking | ToolCall) -> dict[str, Any]:
    match block:
        case Text():
            return {"type": "text", "text": ""}
        case Thinking() if block.redacted:
            return {"type": "redacted_thinking", "data": to_base64(block.redacted_data)}
        case Thinking():
            return {"type": "thinking", "thinking": "", "signature": ""}
        case ToolCall():
            return {"type": "tool_use", "id": block.id, "name": block.name, "input": {}}


def _deltas(block: Text | Thinking | ToolCall) -> Iterator[dict[str, Any]]:
    match block:
        case Text():
            for text in pieces(block.text):
                yield {"type": "text_delta", "text": text}
        case Thinking() if not block.redacted:
            for text in pieces(block.text):
                yield {"type": "thinking_delta", "thinking": text}
            if block.signature:
                yield {"type": "signature_delta", "signature": block.signature}
        case ToolCall():
            yield {"type": "input_json_delta", "partial_json": ""}
            for text in fragments(block):
                yield {"type": "input_json_delta", "partial_json": text}
        case _:
            pass
