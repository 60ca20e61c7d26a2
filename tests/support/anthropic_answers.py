"""Answers of the Messages API, as the bytes of their events."""

from collections.abc import Sequence
from typing import Any

from sse_server import sse


def messages_frames(texts: Sequence[str], call: Sequence[str] = ()) -> list[bytes]:
    """An answer: pieces of text, and the arguments of one call in pieces."""
    frames = [_started("msg_1", "m"), *_block(0, {"type": "text", "text": ""}, "text", texts)]
    if call:
        start = {"type": "tool_use", "id": "call_1", "name": "lookup", "input": {}}
        frames += _block(1, start, "partial_json", call)
    return [*frames, *_ended("tool_use" if call else "end_turn")]


def messages_beginning(text: str, said: str) -> bytes:
    """The beginning of an answer: a text in what a service says of the answer, and what is said."""
    return b"".join([_started(text, text), *_block(0, {"type": "text"}, "text", [said])[:-1]])


def messages_end(text: str) -> bytes:
    """The end of an answer, with a text as the reason."""
    return b"".join(_ended(text, text))


def messages_failure(code: str | None) -> dict[str, Any]:
    """The data of a failure."""
    return {"type": "error", "error": {"type": code, "message": "It failed."}}


def _started(answer_id: str, model: str) -> bytes:
    counted = {"input_tokens": 3, "output_tokens": 1}
    message = {"id": answer_id, "model": model, "type": "message", "role": "assistant"}
    return _event("message_start", message={**message, "content": [], "usage": counted})


def _block(index: int, start: dict[str, Any], key: str, pieces: Sequence[str]) -> list[bytes]:
    kind = "text_delta" if key == "text" else "input_json_delta"
    deltas = ({"type": kind, key: piece} for piece in pieces)
    return [
        _event("content_block_start", index=index, content_block=start),
        *(_event("content_block_delta", index=index, delta=delta) for delta in deltas),
        _event("content_block_stop", index=index),
    ]


def _ended(reason: str, sequence: str | None = None) -> list[bytes]:
    delta = {"stop_reason": reason, "stop_sequence": sequence}
    return [
        _event("message_delta", delta=delta, usage={"output_tokens": 4}),
        _event("message_stop"),
    ]


def _event(kind: str, **data: Any) -> bytes:
    return sse({"type": kind, **data})
