"""The decoder of server-sent events."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import starmap

from attrs import define

from modelwire.errors import MalformedResponse

__all__ = ["DEFAULT_EVENT_LIMIT", "RawEvent", "ServerSentEvent", "SseDecoder"]

DEFAULT_EVENT_LIMIT = 64 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_MOST_DIGITS = 15
"""The maximum digits of a reconnection time; Python converts no more than 4,300."""


@define
class ServerSentEvent:
    """One event of a stream.

    Attributes:
        event: Its type; `message` where the stream gives none.
        data: Its data lines, joined by line feeds.
        id: The last event id so far, or `None`.
        retry: The reconnection time that came with this event, in milliseconds, or `None`. One of
            more than 15 digits is ignored.
    """

    event: str = "message"
    data: str = ""
    id: str | None = None
    retry: int | None = None


RawEvent = tuple[str, bytes, str | None, int | None]
"""The fields of a `ServerSentEvent`, with the data in bytes."""


class SseDecoder:
    """Decodes an event stream that arrives in pieces of any size.

    It follows the HTML standard (section 9.2.6, "Interpreting an event stream") with one exception:
    an event at the end of the body that lacks its final blank line is yielded when it has data,
    since some servers leave that line out. A cut body is detected at the HTTP level.

    The work is linear in the number of bytes. Not for use by several tasks at once.

    Args:
        limit: The maximum size of an event in bytes.
    """

    def __init__(self, limit: int = DEFAULT_EVENT_LIMIT) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._pieces_size = 0
        self._data: list[bytes] = []
        self._data_size = 0
        self._event = ""
        self._id: str | None = None
        self._retry: int | None = None
        self._at_start = True
        self._skip_line_feed = False
        self._fault: MalformedResponse | None = None

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """Process the next bytes and return the events that they complete.

        Raises:
            MalformedResponse: An event is larger than the limit. Events that were complete before
                it are returned first, and the error is raised by the next call.
        """
        return list(starmap(_decoded, self.feed_raw(chunk)))

    def end(self) -> list[ServerSentEvent]:
        """Mark the end of the body, and return the event that lacked its blank line, if any.

        Raises:
            MalformedResponse: An event is larger than the limit.
        """
        return list(starmap(_decoded, self.end_raw()))

    def feed_raw(self, chunk: bytes) -> list[RawEvent]:
        """Process the next bytes as `feed` does, but leave the data of the events in bytes.

        Raises:
            MalformedResponse: As `feed` raises it.
        """
        if self._fault is not None:
            raise self._fault
        if self._skip_line_feed and chunk:
            # A line that ended in CR was taken as ended at once; this LF belongs to the same end.
            chunk = chunk.removeprefix(b"\n")
            self._skip_line_feed = False
        if not chunk:
            return []
        events: list[RawEvent] = []
        if self._at_start and not self._pieces and not _BOM.startswith(chunk[: len(_BOM)]):
            self._at_start = False
        if not self._at_start and len(chunk) <= self._limit and b"\r" not in chunk:
            within = self._pieces or self._data or self._event or self._retry is not None
            # The event that the bytes before broke off in ends here at the latest.
            end = chunk.find(b"\n\n") + 2 if within else 0
            if end > 1 and not self._read(chunk[: end - 1].split(b"\n"), events):
                return self._checked(events, fits=False)
            if not within or end > 1:
                chunk = self._read_whole(chunk[end:], events)
                if not chunk:
                    return events
        self._skip_line_feed = chunk.endswith(b"\r")
        # For bytes, splitlines knows CR, LF and CRLF, and nothing else.
        lines = chunk.splitlines()
        rest = b"" if chunk.endswith((b"\n", b"\r")) else lines.pop()
        fits = self._read(lines, events)
        if rest:
            self._pieces.append(rest)
            self._pieces_size += len(rest)
        return self._checked(events, fits=fits)

    def _checked(self, events: list[RawEvent], *, fits: bool) -> list[RawEvent]:
        """The events, unless the first one is too large; what comes after one is the next call's error."""
        if not fits or self._pieces_size + self._data_size > self._limit:
            self._fault = MalformedResponse(
                f"An event of the stream is larger than {self._limit} bytes."
            )
            if not events:
                raise self._fault
        return events

    def end_raw(self) -> list[RawEvent]:
        """Mark the end of the body as `end` does, but leave the data of the event in bytes.

        Raises:
            MalformedResponse: As `end` raises it.
        """
        if self._fault is not None:
            raise self._fault
        events: list[RawEvent] = []
        if self._pieces:
            self._take(self._completed(b""), events)
        self._dispatch(events)
        return events

    def _read_whole(self, chunk: bytes, events: list[RawEvent]) -> bytes:
        """Take the whole events at the beginning of a chunk without CR; returns what is left.

        Nearly every event is a line of data, with its name before it or without. Such events are
        read with a few calls each, where going by lines takes as many for every line.
        """
        *blocks, rest = chunk.split(b"\n\n")
        last, kind = b"", ""
        for block in blocks:
            if block.startswith(b"data: ") and b"\n" not in block:
                events.append(("message", block[6:], self._id, None))
                continue
            name, named, data = block.partition(b"\ndata: ")
            if named and name.startswith(b"event: ") and b"\n" not in name and b"\n" not in data:
                if name != last:
                    last, kind = name, name[7:].decode("utf-8", "replace") or "message"
                events.append((kind, data, self._id, None))
            else:
                self._read((*block.split(b"\n"), b""), events)
        return rest

    def _read(self, lines: Iterable[bytes], events: list[RawEvent]) -> bool:
        """Take complete lines; false, and nothing more is taken, where an event is too large."""
        for last_piece in lines:
            line = self._completed(last_piece) if self._pieces else last_piece
            # Looked at before it is taken, and whatever it says, so that the error does not depend on
            # how the bytes were split.
            if len(line) + self._data_size > self._limit:
                return False
            # Most lines are one of these, and a call for each would take as long as what it does.
            if self._at_start:
                self._take(line, events)
            elif line.startswith(b"data: "):
                self._data.append(line[6:])
                self._data_size += len(line) - 6
            elif not line:
                self._dispatch(events)
            elif line.startswith(b"event: "):
                self._event = line[7:].decode("utf-8", "replace")
            else:
                self._take(line, events)
        return True

    def _completed(self, last_piece: bytes) -> bytes:
        self._pieces.append(last_piece)
        line = b"".join(self._pieces)
        self._pieces.clear()
        self._pieces_size = 0
        return line

    def _take(self, line: bytes, events: list[RawEvent]) -> None:
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BOM)
        if not line:
            self._dispatch(events)
        elif line.startswith(b"data:"):
            self._add_data(line[6:] if line.startswith(b"data: ") else line[5:])
        elif not line.startswith(b":"):
            name, _, value = line.partition(b":")
            self._set_field(name, value.removeprefix(b" "))

    def _add_data(self, value: bytes) -> None:
        self._data.append(value)
        self._data_size += len(value)

    def _set_field(self, name: bytes, value: bytes) -> None:
        if name == b"data":
            self._add_data(value)
        elif name == b"event":
            self._event = value.decode("utf-8", "replace")
        elif name == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and len(value) <= _MOST_DIGITS:
            self._retry = int(value)

    def _dispatch(self, events: list[RawEvent]) -> None:
        data = self._data
        if data:
            whole = data[0] if len(data) == 1 else b"\n".join(data)
            events.append((self._event or "message", whole, self._id, self._retry))
            data.clear()
        self._data_size = 0
        self._event = ""
        self._retry = None


def _decoded(event: str, data: bytes, last_id: str | None, retry: int | None) -> ServerSentEvent:
    return ServerSentEvent(event, data.decode("utf-8", "replace"), last_id, retry)
