"""Answers as server-sent events: Chat Completions, Responses and Messages, an event a chunk."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

__all__ = ["ANSWERS", "CHAT_USAGE", "chat", "chat_chunks", "messages", "pieces", "responses"]

Event = dict[str, Any]

_MODEL = "gpt-4o-mini"
_DONE = b"data: [DONE]\n\n"
_END = b"0\r\n\r\n"


CHAT_USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 5000,
    "total_tokens": 5010,
    "prompt_tokens_details": {"cached_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0},
}


def chat(events: int) -> bytes:
    """The body of an answer in Chat Completions, with so many pieces of text."""
    return b"".join(chat_chunks(events))


def chat_chunks(events: int, *, usage: bool = False) -> list[bytes]:
    """The chunks of such a body; with `usage`, one that has the usage comes before the last."""
    base: Event = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1767225600,
        "model": _MODEL,
        "service_tier": "default",
        "system_fingerprint": "fp_1",
    }
    chunks = [
        {
            **base,
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}],
            "obfuscation": "abcdef",
        }
        for delta, reason in (
            ({"role": "assistant", "content": "", "refusal": None}, None),
            *(({"content": piece}, None) for piece in pieces(events)),
            ({}, "stop"),
        )
    ]
    if usage:
        chunks.append({**base, "choices": [], "usage": CHAT_USAGE})
    told = [*(b"data: %b\n\n" % json.dumps(chunk).encode() for chunk in chunks), _DONE]
    return [*map(_chunk, told), _END]


def responses(events: int) -> bytes:
    """The body of an answer in Responses, with so many pieces of text."""
    said = "".join(pieces(events))
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    started = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
    part = {"type": "output_text", "text": said, "annotations": [], "logprobs": []}
    item = {**started, "status": "completed", "content": [part]}
    told: list[Event] = [
        {"type": "response.created", "response": _response("in_progress", [])},
        {"type": "response.in_progress", "response": _response("in_progress", [])},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**started, "status": "in_progress"},
        },
        {"type": "response.content_part.added", **place, "part": {**part, "text": ""}},
        *(
            {
                "type": "response.output_text.delta",
                **place,
                "delta": piece,
                "logprobs": [],
                "obfuscation": "abcdef",
            }
            for piece in pieces(events)
        ),
        {"type": "response.output_text.done", **place, "text": said, "logprobs": []},
        {"type": "response.content_part.done", **place, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": _response("completed", [item])},
    ]
    numbered = [{**event, "sequence_number": number} for number, event in enumerate(told)]
    return _body([_named(event) for event in numbered])


def messages(events: int) -> bytes:
    """The body of an answer in Messages, with so many pieces of text."""
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 1},
    }
    stop = {"stop_reason": "end_turn", "stop_sequence": None}
    told: list[Event] = [
        {"type": "message_start", "message": message},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        },
        {"type": "ping"},
        *(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": piece},
            }
            for piece in pieces(events)
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 5000}},
        {"type": "message_stop"},
    ]
    return _body([_named(event) for event in told])


ANSWERS: dict[str, Callable[[int], bytes]] = {
    "/chat/completions": chat,
    "/responses": responses,
    "/messages": messages,
}
"""Bodies by the end of the path that is asked for."""


def pieces(events: int) -> list[str]:
    """So many pieces of text."""
    return [f" word {number:06d} of it" for number in range(events)]


def _response(status: str, output: list[Event]) -> Event:
    usage = {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 5000,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 5010,
    }
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1767225600,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": _MODEL,
        "output": output,
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": usage if status == "completed" else None,
    }


def _named(event: Event) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (event["type"].encode(), json.dumps(event).encode())


def _body(told: list[bytes]) -> bytes:
    """The events as chunks of a body, and its end."""
    return b"".join(map(_chunk, told)) + _END


def _chunk(event: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(event), event)
