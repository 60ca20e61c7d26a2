"""Frames of server-sent events, in the form that services send.

The format: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

from typing import Final

from modelwire.dialects.dialect import WireEvent

__all__ = ["KEEP_ALIVE", "SSE_MEDIA_TYPE", "frame_data", "frame_named"]

SSE_MEDIA_TYPE: Final = "text/event-stream; charset=utf-8"
"""The media type of a stream of server-sent events."""

KEEP_ALIVE: Final = WireEvent(":", b"keep-alive")
"""A comment, which clients ignore."""


def frame_data(event: WireEvent) -> bytes:
    """Write an event without its name, for APIs that distinguish events by their data."""
    if event is KEEP_ALIVE:
        return _KEEP_ALIVE
    return b"data: " + event.data + b"\n\n"


def frame_named(event: WireEvent) -> bytes:
    """Write an event with its name."""
    if event is KEEP_ALIVE:
        return _KEEP_ALIVE
    return b"event: " + event.name.encode() + b"\ndata: " + event.data + b"\n\n"


_KEEP_ALIVE: Final = b": keep-alive\n\n"
