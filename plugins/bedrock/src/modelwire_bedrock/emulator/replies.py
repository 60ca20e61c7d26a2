"""Replies, before they are written to the socket."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Protocol

from attrs import Factory, frozen

from modelwire_bedrock.emulator.answers import Pacing, WireEvent, converse_body
from modelwire_bedrock.emulator.faults import Fault
from modelwire_bedrock.emulator.frames import EventStreamEncoding

__all__ = [
    "JsonReply",
    "LiveReply",
    "RecordedReply",
    "Reply",
    "StreamEncoding",
    "StreamReply",
    "fold_converse",
]


class StreamEncoding(Protocol):
    """How the events of an answer are written; an object for each stream, as it may count."""

    content_type: str

    def event(self, name: str, payload: Mapping[str, Any]) -> bytes:
        """The bytes for an event of ConverseStream; empty where it has no counterpart."""

    def failure(self, name: str, message: str, members: Mapping[str, Any]) -> bytes:
        """The bytes for a mid-stream failure of the model; `name` is e.g. `throttlingException`."""

    def corrupted(self, data: bytes, part: str) -> bytes:
        """The same data with one bit flipped."""


@frozen
class JsonReply:
    """A JSON body; `fault` may break its way to the client."""

    body: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] = Factory(dict)
    fault: Fault | None = None
    pacing: Pacing = Factory(Pacing)


@frozen
class StreamReply:
    """An event stream, or with `fold` the same as one body and its headers.

    The iterator may raise a `Refusal`: before the first event it becomes an HTTP error, after it an
    exception frame.
    """

    events: AsyncIterator[WireEvent]
    fault: Fault | None = None
    pacing: Pacing = Factory(Pacing)
    fold: Callable[[Sequence[WireEvent]], tuple[dict[str, Any], dict[str, str]]] | None = None
    headers: Mapping[str, str] = Factory(dict)
    encoding: StreamEncoding = Factory(EventStreamEncoding)


@frozen
class RecordedReply:
    """An answer as it was recorded: chunks of the body, each with the seconds before it."""

    status: int
    headers: Mapping[str, str]
    chunks: Sequence[tuple[float, bytes]]


@frozen
class LiveReply:
    """An answer that is passed on while it arrives; the generator raises `BrokenConnection` if it breaks."""

    status: int
    headers: Mapping[str, str]
    chunks: AsyncGenerator[bytes, None]


Reply = JsonReply | StreamReply | RecordedReply | LiveReply


def fold_converse(events: Sequence[WireEvent]) -> tuple[dict[str, Any], dict[str, str]]:
    """The body of Converse, and its headers: none of its own."""
    return converse_body(events), {}
