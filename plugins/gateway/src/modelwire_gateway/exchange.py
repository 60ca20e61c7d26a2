"""Exchanges: a request on a connection of the gateway's own server, and its answer.

ASGI writes the head of an answer and its body apart, a client that leaves is noticed only by a task that
waits for it, and one that reads slowly by another. Where nothing lies between the server and the door, an
exchange needs none of that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from starlette.types import Receive, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from modelwire_gateway.connection import Connection

__all__ = ["Exchange"]

_HEAD: Final = b"HTTP/1.1 200 OK\r\n"
_CLOSE: Final = b"connection: close\r\n"
_CHUNKED: Final = b"transfer-encoding: chunked\r\n"
_LAST: Final = b"0\r\n\r\n"
_LARGE: Final = 64 * 1024
"""Bytes of a body that is not copied behind its head."""


class Exchange:
    """A request and its answer.

    Args:
        connection: The connection that the request came on.
        cycle: The request and its answer, as the server has them.

    Attributes:
        complete: Whether the last part of an answer was written here.
    """

    __slots__ = ("_connection", "_cycle", "_fields", "complete")

    def __init__(self, connection: Connection, cycle: RequestResponseCycle) -> None:
        self._connection = connection
        self._cycle = cycle
        self._fields = b""
        self.complete = False

    @classmethod
    def of(cls, receive: Receive, send: Send) -> Exchange | None:
        """The exchange behind the functions of ASGI.

        Returns:
            The exchange; `None` where the server is another, or where middleware has wrapped one of the
            functions and must see the messages.
        """
        cycle = getattr(send, "__self__", None)
        if cycle is not getattr(receive, "__self__", None):
            return None
        if not isinstance(cycle, RequestResponseCycle):
            return None
        connection = getattr(cycle.on_response, "__self__", None)
        return cls(connection, cycle) if isinstance(connection, Connection) else None

    def take_body(self) -> bytes | None:
        """The body of the request; `None` where it has to be waited for, as for one not yet whole."""
        cycle = self._cycle
        if cycle.more_body or cycle.waiting_for_100_continue or cycle.disconnected:
            return None
        body = bytes(cycle.body)
        cycle.body = bytearray()
        cycle.message_event.clear()
        return body

    def answer(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Write a whole answer with the status 200 at once.

        Args:
            headers: The header fields but for the length and those of the server.
            body: The body.

        Returns:
            Whether it was written; else it has to be sent through ASGI, as where the client has left or
            has not read what was written before.
        """
        cycle = self._cycle
        if (
            cycle.disconnected
            or cycle.response_started
            or cycle.flow.write_paused
            or len(body) > _LARGE
            or not self.begin(headers)
        ):
            return False
        head = self._head(b"content-length: %d\r\n" % len(body))
        self._end(head + body)
        return True

    def begin(self, headers: Mapping[str, str]) -> bool:
        """Take the header fields of an answer with the status 200; they are written with its first bytes.

        Args:
            headers: The header fields but for those of the server.

        Returns:
            Whether they can be written; else the answer has to be sent through ASGI, which checks them.
        """
        fields = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if not (fields.isascii() and fields.count("\r") == fields.count("\n") == len(headers)):
            return False
        self._fields = fields.encode()
        return True

    @property
    def writable(self) -> bool:
        """Whether to write now: not while the client has too much to read; where it has left, nothing waits."""
        return not self._cycle.flow.write_paused or self._cycle.disconnected

    def write(self, data: bytes, *, last: bool) -> None:
        """Write a part of an answer in pieces; the first one comes behind the head.

        Args:
            data: The part.
            last: Whether it is the last one.
        """
        cycle = self._cycle
        if cycle.disconnected:
            self.complete = self.complete or last
            return
        parts = []
        if not cycle.response_started:
            cycle.response_started = True
            parts.append(self._head(_CHUNKED))
        if data:
            parts += (b"%x\r\n" % len(data), data, b"\r\n")
        if last:
            parts.append(_LAST)
            self._end(b"".join(parts))
        else:
            cycle.transport.write(b"".join(parts))

    def _head(self, length: bytes) -> bytes:
        cycle = self._cycle
        fields = [_HEAD]
        for name, value in cycle.default_headers:
            fields += (name, b": ", value, b"\r\n")
        fields += (self._fields, length, b"" if cycle.keep_alive else _CLOSE, b"\r\n")
        return b"".join(fields)

    def _end(self, data: bytes) -> None:
        """Write the last bytes of the answer."""
        cycle = self._cycle
        cycle.response_started = cycle.response_complete = self.complete = True
        cycle.transport.write(data)
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()

    def watch_writing(self, resumed: Callable[[], None]) -> None:
        """Have a function called when the client has read enough, or has left."""
        self._connection.watch_writing(resumed)

    def unwatch_writing(self, resumed: Callable[[], None]) -> None:
        """Call the function no longer."""
        self._connection.unwatch_writing(resumed)

    def watch(self, left: Callable[[], None]) -> None:
        """Have a function called when the client leaves; at once where it has left."""
        if self._cycle.disconnected:
            left()
        else:
            self._connection.watch(left)

    def unwatch(self, left: Callable[[], None]) -> None:
        """Call the function no longer."""
        self._connection.unwatch(left)
