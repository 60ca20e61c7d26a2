"""A service that answers with hostile text wherever it can: in header fields, errors and events."""

import json

from hostile_text import HOSTILE, HOSTILE_FIELD
from repeating_server import RepeatingServer
from sse_server import sse

from modelwire_bedrock.emulator.frames import exception_frame

__all__ = ["WAYS", "HostileServer"]

FAILURE = {
    "type": "error",
    "message": HOSTILE,
    "error": {"type": HOSTILE, "code": HOSTILE, "param": HOSTILE, "message": HOSTILE},
    "__type": HOSTILE,
    "request_id": HOSTILE,
}


def failed(wire):
    if wire.aws:
        return exception_frame("throttlingException", HOSTILE) + exception_frame(HOSTILE, HOSTILE)
    return sse({**FAILURE, "type": "response.failed"}) + sse({**FAILURE, "type": "error"})


def answers(wire, way):
    """The status, the type and the body of an answer that goes wrong in one way."""
    stream, page = wire.stream_type, f"<html><title>{HOSTILE}</title>{HOSTILE}</html>".encode()
    body = json.dumps(FAILURE).encode()
    opened = wire.beginning(HOSTILE, HOSTILE)
    return {
        "refused": ("401 No", "application/json", body),
        "throttled": ("429 No", "application/json", body),
        "page": ("500 No", "text/html", page),
        "text": ("503 No", "text/plain", HOSTILE.encode()),
        "redirected": ("307 Away", "text/plain", b""),
        "another type": ("200 OK", "text/html", page),
        "failed at once": ("200 OK", stream, failed(wire)),
        "failed in the middle": ("200 OK", stream, opened + failed(wire)),
        "cut": ("200 OK", stream, opened),
        "no events": ("200 OK", stream, b'data: {"a": "' + HOSTILE.encode() + b"\n\n"),
        "an unknown end": ("200 OK", stream, opened + wire.end(HOSTILE)),
    }[way]


WAYS = (
    *("refused", "throttled", "page", "text", "redirected", "another type", "failed at once"),
    *("failed in the middle", "cut", "no events", "an unknown end"),
)
"""The ways in which an answer goes wrong."""


class HostileServer(RepeatingServer):
    """Answers in one way, with hostile text in everything."""

    def __init__(self, wire, way):
        super().__init__(way)
        self.wire = wire

    def _answer(self, head):  # noqa: ARG002 - whatever is asked
        status, kind, body = answers(self.wire, self.way)
        fields = [b"x-request-id", b"request-id", b"x-amzn-requestid", b"x-amzn-errortype"]
        fields += [b"retry-after", b"location", b"server", b"x-any"]
        if self.way != "throttled":
            fields.remove(b"retry-after")
        lines = [f"HTTP/1.1 {status}".encode(), b"Connection: close"]
        hostile = kind if kind == self.wire.stream_type else f"{kind}; x="
        lines.append(b"Content-Type: " + hostile.encode() + HOSTILE_FIELD * (hostile != kind))
        lines += [name + b": " + HOSTILE_FIELD for name in fields]
        return b"\r\n".join([*lines, b"", body])
