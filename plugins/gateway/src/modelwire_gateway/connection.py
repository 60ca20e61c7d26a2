"""HTTP connections: how much, and for how long, a client may send and leave unread before it is served.

uvicorn bounds neither the head of a request nor the time that it takes, and goes on reading the body of a
request that was refused. Any client could exhaust memory and connections without a key.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

__all__ = ["Connection"]

_MOST_HEAD: Final = 64 * 1024
"""Bytes of the request line and all header fields, and of trailers; also of what is no part of a body."""
_MOST_WAITING: Final = 32
"""Requests that may wait on a connection for the answer to one before them."""
_HEAD_SECONDS: Final = 20.0
"""For the head of a request to arrive, and for the first request after a connection was made."""
_REST_SECONDS: Final = 5.0
"""For the rest of a body whose request is answered. It is read, so that the answer is not lost."""
_RECEIVED_AT_ONCE: Final = 64 * 1024
"""Bytes of the buffer for what is received; asyncio's own comes from the operating system each time."""
_READ_SECONDS: Final = 60.0
"""For a client to read what was written, before more is."""
_CLOSING_SECONDS: Final = 5.0
"""For a client to read the last bytes and to close, once a connection is being closed."""


class _NotRead(Exception):
    """A request whose head is not read further; the parser reports it as its own failure."""


class Connection(HttpToolsProtocol):
    """A connection of a client, within limits.

    What is no HTTP, or exceeds the limits, is answered with 400, 408 or 431 in plain text, and the
    connection is closed: what API the client speaks is not known then.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._unparsed = 0
        self._fields = 0
        self._in_body = False
        self._body_began = False
        self._refused = False
        self._idle_since: float | None = None
        self._watching: Callable[[], None] | None = None
        self._writing: Callable[[], None] | None = None

    # The transport's side.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn's
        """Begin; the first request has to come soon."""
        super().connection_made(transport)
        if hasattr(transport, "max_size"):  # asyncio's own, without TLS
            transport.max_size = _RECEIVED_AT_ONCE
        self._start("head", _HEAD_SECONDS, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        super().connection_lost(exc)
        self._report_left()

    def data_received(self, data: bytes) -> None:
        """Read a part of a request, and refuse what never becomes one."""
        if self._refused:
            return
        self._unparsed += len(data)
        self._idle_since = None
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._unparsed > _MOST_HEAD:
            self._refuse(431, "The head of the request is too large.")
        elif not self._in_body and self._unparsed:
            self._start("head", _HEAD_SECONDS, self._head_is_late)

    def pause_writing(self) -> None:
        """Give the client some time to read what was written."""
        super().pause_writing()
        self._start("read", _READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Resume, since the client has read."""
        self._stop("read")
        super().resume_writing()
        self._report_writable()

    # The parser's side.
    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._fields = 0

    def on_url(self, url: bytes) -> None:
        """Read a part of the request line."""
        self._fields += len(url)
        if self._fields > _MOST_HEAD:
            raise _NotRead
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Read a header field. One after the body comes too late to say anything about the request."""
        self._unparsed = 0
        self._fields += len(name) + len(value)
        if self._fields > _MOST_HEAD:
            raise _NotRead
        if self._in_body:
            return
        name = name.lower()
        self.headers.append((name, value))
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True

    def on_headers_complete(self) -> None:
        """Begin to serve a request, whose body may still come."""
        self._unparsed = 0
        if len(self.pipeline) >= _MOST_WAITING:
            raise _NotRead
        self._stop("head")
        self._in_body, self._body_began = True, False
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Read a part of a body."""
        self._unparsed, self._body_began = 0, True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request; its answer may still be under way."""
        self._unparsed = 0
        self._in_body = False
        self._stop("rest")
        super().on_message_complete()

    # The server's side.
    def on_response_complete(self) -> None:
        """Continue with the next request, but do not read the rest of a body without end."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        else:
            # One timer serves many requests, where uvicorn has one for each.
            self._idle_since = self.loop.time()
            self._start("idle", self.timeout_keep_alive, self.timeout_keep_alive_handler)
        if self._in_body:
            if self.expect_100_continue and not self._body_began:
                # The client has left the body out: what comes next would be taken for it.
                self._close()
            else:
                self._start("rest", _REST_SECONDS, self._close)

    def watch(self, left: Callable[[], None]) -> None:
        """Have a function called when the client of the running request leaves."""
        self._watching = left

    def unwatch(self, left: Callable[[], None]) -> None:
        """Call the function no longer; the one of a later request stays."""
        if self._watching is left:
            self._watching = None

    def watch_writing(self, resumed: Callable[[], None]) -> None:
        """Have a function called when more can be written, or the client of the running request has left."""
        self._writing = resumed

    def unwatch_writing(self, resumed: Callable[[], None]) -> None:
        """Call the function no longer; the one of a later request stays."""
        if self._writing == resumed:
            self._writing = None

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that is not used, once that is long enough."""
        if self._idle_since is None:
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._start("idle", left, self.timeout_keep_alive_handler)
        else:
            self._close()

    def send_400_response(self, msg: str) -> None:
        """Refuse invalid HTTP, and requests over the limits of `_count`."""
        if self._fields > _MOST_HEAD:
            self._refuse(431, "The head of the request is too large.")
        else:
            self._refuse(400, msg)

    # Its own.
    @property
    def _answered(self) -> RequestResponseCycle | None:
        """The last request whose head was read; `None` before the first."""
        return self.cycle

    def _head_is_late(self) -> None:
        last = self._answered
        if last is not None and not last.response_complete:
            self._start("head", _HEAD_SECONDS, self._head_is_late)
        elif self._unparsed or self._fields:
            self._refuse(408, "The head of the request did not arrive in time.")
        else:
            self._close()

    def _refuse(self, status: int, message: str) -> None:
        """Answer and close; where an answer is under way, only close."""
        last = self._answered
        if self.pipeline or (
            last is not None and last.response_started and not last.response_complete
        ):
            self._close()
            return
        if last is not None:
            last.disconnected = True
            last.message_event.set()
            self._report_left()
        self._refused, self._unparsed = True, 0
        self.transport.write(_PLAIN % (_STATUS[status], len(message), message.encode()))
        if self.transport.can_write_eof():
            # What still comes is read, since closing at once could lose the answer.
            self.transport.write_eof()
            self._start("closing", _CLOSING_SECONDS, self.transport.abort)
        else:
            self._close()

    def _report_left(self) -> None:
        left, self._watching = self._watching, None
        if left is not None:
            left()
        self._report_writable()

    def _report_writable(self) -> None:
        if self._writing is not None:
            self._writing()

    def _close(self) -> None:
        """Close, without waiting long for a client that does not read the rest."""
        self.transport.close()
        self._start("closing", _CLOSING_SECONDS, self.transport.abort)

    def _start(self, name: str, seconds: float, then: Callable[[], None]) -> None:
        if name not in self._timers:
            self._timers[name] = self.loop.call_later(seconds, self._end, name, then)

    def _end(self, name: str, then: Callable[[], None]) -> None:
        del self._timers[name]
        then()

    def _stop(self, name: str) -> None:
        if timer := self._timers.pop(name, None):
            timer.cancel()


_STATUS: Final = {
    400: b"400 Bad Request",
    408: b"408 Request Timeout",
    431: b"431 Request Header Fields Too Large",
}
_PLAIN: Final = (
    b"HTTP/1.1 %s\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
    b"connection: close\r\n\r\n%s"
)
