"""Exchanges: a request on a connection of the gateway's own server, and its answer.

ASGI writes the head of an answer and its body apart, and a client that leaves is noticed only by a task
that waits for it. Where nothing lies between the server and the door, an exchange needs neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from starlette.types import Receive, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from modelwire_gateway.connection import Connection

__all__ = ["Exchange"]

_HEAD: Final = "HTTP/1.1 200 OK\r\n"
_CLOSE: Final = "connection: close\r\n"
_LARGE: Final = 64 * 1024
"""Bytes of a body that is not copied behind its head."""


class Exchange:
    """A request and its answer.

    Args:
        connection: The connection that the request came on.
        cycle: The request and its answer, as the server has them.
    """

    __slots__ = ("_connection", "_cycle")

    def __init__(self, connection: Connection, cycle: RequestResponseCycle) -> None:
        self._connection = connection
        self._cycle = cycle

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
        ):
            return False
        fields = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        if not fields.count("\r") == fields.count("\n") == len(headers):
            return False
        defaults = b"".join([b"%s: %s\r\n" % field for field in cycle.default_headers])
        rest = f"content-length: {len(body)}\r\n{'' if cycle.keep_alive else _CLOSE}\r\n"
        head = f"{_HEAD}{fields}{rest}".encode("latin-1")
        cycle.response_started = cycle.response_complete = True
        cycle.transport.write(b"".join((head[: len(_HEAD)], defaults, head[len(_HEAD) :], body)))
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True

    def watch(self, left: Callable[[], None]) -> None:
        """Have a function called when the client leaves; at once where it has left."""
        if self._cycle.disconnected:
            left()
        else:
            self._connection.watch(left)

    def unwatch(self, left: Callable[[], None]) -> None:
        """Call the function no longer."""
        self._connection.unwatch(left)
