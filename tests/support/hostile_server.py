"""A service that answers with hostile text wherever it can: in header fields, errors and events."""

import json

from hostile_text import HOSTILE, HOSTILE_FIELD
from repeating_server import RepeatingServer
from wires import WIRES

from modelwire_bedrock.emulator.frames import event_frame, exception_frame

__all__ = ["APIS", "STREAMS", "WAYS", "HostileServer", "beginning", "end"]

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


def beginning(api, text, said="Hello"):
    """The beginning of an answer: a text in what a service says of the answer, and what is said."""
    return {
        "bedrock-converse-stream": event_frame("messageStart", {"role": "assistant"})
        + event_frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": said}}),
        "openai-completions": sse(
            {"id": text, "model": text, "choices": [{"index": 0, "delta": {"content": said}}]}
        ),
        "openai-responses": sse(
            {"type": "response.created", "response": {"id": text, "model": text}},
            {
                "type": "response.output_text.delta",
                "item_id": text,
                "output_index": 0,
                "content_index": 0,
                "delta": said,
            },
        ),
        "anthropic-messages": sse(
            {"type": "message_start", "message": _message(text)},
            {
                "type": "content_block_start",
                "index": 0,
                "content_block": {"type": "text", "text": ""},
            },
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": said},
            },
        ),
    }[api]


def _message(text):
    return {
        "id": text,
        "type": "message",
        "role": "assistant",
        "model": text,
        "content": [],
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }


def end(api, text):
    """The end of an answer, with a text as the reason."""
    incomplete = {"id": text, "incomplete_details": {"reason": text}, "status": text, "model": text}
    stopped = {"stop_reason": text, "stop_sequence": text}
    return {
        "bedrock-converse-stream": event_frame("messageStop", {"stopReason": text}),
        "openai-completions": sse(
            {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": text}]}
        ),
        "openai-responses": sse({"type": "response.incomplete", "response": incomplete}),
        "anthropic-messages": sse(
            {"type": "message_delta", "delta": stopped, "usage": {"output_tokens": 1}},
            {"type": "message_stop"},
        ),
    }[api]


def failed(api):
    if api == "bedrock-converse-stream":
        return exception_frame("throttlingException", HOSTILE) + exception_frame(HOSTILE, HOSTILE)
    return sse({**FAILURE, "type": "response.failed" if api == "openai-responses" else "error"})


def answers(api, way):
    """The status, the type and the body of an answer that goes wrong in one way."""
    stream, page = STREAMS[api], f"<html><title>{HOSTILE}</title>{HOSTILE}</html>".encode()
    body = json.dumps(FAILURE).encode()
    opened = beginning(api, HOSTILE, HOSTILE)
    return {
        "refused": ("401 No", "application/json", body),
        "throttled": ("429 No", "application/json", body),
        "page": ("500 No", "text/html", page),
        "text": ("503 No", "text/plain", HOSTILE.encode()),
        "redirected": ("307 Away", "text/plain", b""),
        "another type": ("200 OK", "text/html", page),
        "failed at once": ("200 OK", stream, failed(api)),
        "failed in the middle": ("200 OK", stream, opened + failed(api)),
        "cut": ("200 OK", stream, opened),
        "no events": ("200 OK", stream, b'data: {"a": "' + HOSTILE.encode() + b"\n\n"),
        "an unknown end": ("200 OK", stream, opened + end(api, HOSTILE)),
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
