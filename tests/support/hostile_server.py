"""A service that answers with hostile text wherever it can: in header fields, errors and events."""

import json

from hostile_text import HOSTILE, HOSTILE_FIELD
from repeating_server import RepeatingServer
from wires import WIRES

from modelwire_bedrock.emulator.frames import event_frame, exception_frame

__all__ = ["APIS", "WAYS", "HostileServer"]

APIS = (*(wire.api for wire in WIRES), "anthropic-messages")
EVENTS = "application/vnd.amazon.eventstream"
STREAMS = dict.fromkeys(APIS, "text/event-stream") | {"bedrock-converse-stream": EVENTS}

FAILURE = {
    "type": "error",
    "message": HOSTILE,
    "error": {"type": HOSTILE, "code": HOSTILE, "param": HOSTILE, "message": HOSTILE},
    "__type": HOSTILE,
    "request_id": HOSTILE,
}


def sse(*events):
    return "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()


OPENED = {
    "bedrock-converse-stream": event_frame("messageStart", {"role": "assistant"})
    + event_frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": HOSTILE}}),
    "openai-completions": sse(
        {"id": HOSTILE, "model": HOSTILE, "choices": [{"index": 0, "delta": {"content": HOSTILE}}]}
    ),
    "openai-responses": sse(
        {"type": "response.created", "response": {"id": HOSTILE, "model": HOSTILE}},
        {
            "type": "response.output_text.delta",
            "item_id": HOSTILE,
            "output_index": 0,
            "content_index": 0,
            "delta": HOSTILE,
        },
    ),
    "anthropic-messages": sse(
        {
            "type": "message_start",
            "message": {
                "id": HOSTILE,
                "type": "message",
                "role": "assistant",
                "model": HOSTILE,
                "content": [],
                "usage": {"input_tokens": 1, "output_tokens": 1},
            },
        },
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": HOSTILE},
        },
    ),
}
"""The beginning of an answer, in each API."""

STOPPED = {
    "bedrock-converse-stream": event_frame("messageStop", {"stopReason": HOSTILE}),
    "openai-completions": sse(
        {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": HOSTILE}]}
    ),
    "openai-responses": sse(
        {
            "type": "response.incomplete",
            "response": {"id": "r", "incomplete_details": {"reason": HOSTILE}, "status": HOSTILE},
        }
    ),
    "anthropic-messages": sse(
        {
            "type": "message_delta",
            "delta": {"stop_reason": HOSTILE, "stop_sequence": HOSTILE},
            "usage": {"output_tokens": 1},
        },
        {"type": "message_stop"},
    ),
}
"""The end of an answer, for a reason that nobody knows."""


def failed(api):
    if api == "bedrock-converse-stream":
        return exception_frame("throttlingException", HOSTILE) + exception_frame(HOSTILE, HOSTILE)
    return sse({**FAILURE, "type": "response.failed" if api == "openai-responses" else "error"})


def answers(api, way):
    """The status, the type and the body of an answer that goes wrong in one way."""
    stream, page = STREAMS[api], f"<html><title>{HOSTILE}</title>{HOSTILE}</html>".encode()
    body = json.dumps(FAILURE).encode()
    return {
        "refused": ("401 No", "application/json", body),
        "throttled": ("429 No", "application/json", body),
        "page": ("500 No", "text/html", page),
        "text": ("503 No", "text/plain", HOSTILE.encode()),
        "redirected": ("307 Away", "text/plain", b""),
        "another type": ("200 OK", "text/html", page),
        "failed at once": ("200 OK", stream, failed(api)),
        "failed in the middle": ("200 OK", stream, OPENED[api] + failed(api)),
        "cut": ("200 OK", stream, OPENED[api]),
        "no events": ("200 OK", stream, b'data: {"a": "' + HOSTILE.encode() + b"\n\n"),
        "an unknown end": ("200 OK", stream, OPENED[api] + STOPPED[api]),
    }[way]


WAYS = (
    *("refused", "throttled", "page", "text", "redirected", "another type", "failed at once"),
    *("failed in the middle", "cut", "no events", "an unknown end"),
)
"""The ways in which an answer goes wrong."""


class HostileServer(RepeatingServer):
    """Answers in one way, with hostile text in everything."""

    def __init__(self, api, way):
        super().__init__(way)
        self.api = api

    def _answer(self, head):  # noqa: ARG002 - whatever is asked
        status, kind, body = answers(self.api, self.way)
        fields = [b"x-request-id", b"request-id", b"x-amzn-requestid", b"x-amzn-errortype"]
        fields += [b"retry-after", b"location", b"server", b"x-any"]
        if self.way != "throttled":
            fields.remove(b"retry-after")
        lines = [f"HTTP/1.1 {status}".encode(), b"Connection: close"]
        hostile = kind if kind == STREAMS[self.api] else f"{kind}; x="
        lines.append(b"Content-Type: " + hostile.encode() + HOSTILE_FIELD * (hostile != kind))
        lines += [name + b": " + HOSTILE_FIELD for name in fields]
        return b"\r\n".join([*lines, b"", body])
