"""The test server: real HTTP on loopback, prepared replies byte for byte, faults included.

It has a thread and an event loop of its own, so that a plugin which blocks its loop is detected,
and does not block the server too.
"""

from __future__ import annotations

import asyncio
import http
import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Literal, Self

from attrs import Factory, field, frozen

from modelwire.testing.checks import patience
from modelwire.testing.listener import listening

__all__ = ["End", "Gate", "ReceivedRequest", "Reply", "WireServer"]

End = Literal["complete", "cut", "reset", "stall"]


class Gate:
    """A point in a reply at which the server waits until the test releases it."""

    def __init__(self) -> None:
        self._opened = threading.Event()
        self._given_up_at: float | None = None
        self.given_up = False

    def open(self) -> None:
        """Release the server; from any thread."""
        self._opened.set()

    def passable(self) -> bool:
        """Whether the server may continue; after a timeout it may, and `given_up` is set."""
        if self._opened.is_set():
            return True
        now = time.monotonic()
        if self._given_up_at is None:
            self._given_up_at = now + patience()
        self.given_up = now > self._given_up_at
        return self.given_up


@frozen
class Reply:
    """One HTTP response.

    Attributes:
        pieces: The body, each piece sent by itself; at a `Gate` the server waits.
        status: The HTTP status.
        headers: The header fields.
        hold: A gate before the first byte of the head.
        end: `complete`; `cut`, closed before the end of the body; `reset` by TCP; or `stall`,
            nothing more until the client leaves.
    """

    pieces: Sequence[bytes | Gate] = ()
    status: int = 200
    headers: Mapping[str, str] = Factory(dict)
    hold: Gate | None = None
    end: End = field(default="complete")


@frozen
class ReceivedRequest:
    """One HTTP request.

    Attributes:
        method: The HTTP method.
        target: The path, with the query.
        headers: The header fields, names in lower case.
        body: The whole body.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def data(self) -> Any:
        """The body as JSON data, or `None` where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def values(self) -> list[Any]:
        """Every key and every value in the JSON body that is not an object or list, in order."""
        return list(_leaves(self.data))

    def says(self, text: str) -> bool:
        """Whether a text occurs in the JSON body, or is a part of one that does."""
        return any(text in value for value in self.values() if isinstance(value, str))

    def holds(self, value: float) -> bool:
        """Whether a number occurs in the JSON body."""
        numbers = (found for found in self.values() if isinstance(found, int | float))
        return any(found == value and not isinstance(found, bool) for found in numbers)


def _leaves(data: Any) -> Iterator[Any]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from _leaves(value)
    elif isinstance(data, list):
        for value in data:
            yield from _leaves(value)
    else:
        yield data


_LARGEST_HEAD = 256 * 1024
_TICK = 0.002
_PACED = 25
_PACE = 0.001


class WireServer:
    """Answers requests with scripted replies, in order; use it in a `with` statement.

    Args:
        aside: Gives the reply to a request outside of the script, such as one for a token; `None`
            leaves it to the script.

    Attributes:
        requests: The requests in order, without those that `aside` answered.
        unexpected: The number of requests for which there was no reply left.
        left: Set when a client has gone before its reply was complete.
    """

    def __init__(self, aside: Callable[[ReceivedRequest], Reply | None] | None = None) -> None:
        self.requests: list[ReceivedRequest] = []
        self.unexpected = 0
        self.left = threading.Event()
        self._aside = aside
        self._replies: deque[Reply] = deque()
        self._repeated: Reply | None = None
        self._thread = threading.Thread(target=self._run, name="modelwire-testing", daemon=True)
        self._started = threading.Event()
        self._end: Callable[[], object] = lambda: None
        self._port = 0

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    def script(self, *replies: Reply) -> None:
        """Append replies to the script."""
        self._replies.extend(replies)

    def always(self, reply: Reply) -> None:
        """Use this reply whenever the script is at its end."""
        self._repeated = reply

    def client_left(self) -> bool:
        """Wait until a client has left before its reply was complete; return whether one has."""
        return self.left.wait(patience())

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._listen())

    async def _listen(self) -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        async with listening(self._serve, limit=_LARGEST_HEAD) as port:
            self._port = port
            self._end = lambda: loop.call_soon_threadsafe(ended.set)
            self._started.set()
            await ended.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await _read(reader)) is not None:
                if not await self._deliver(self._reply_to(request), reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            self.left.set()
        finally:
            writer.close()

    def _reply_to(self, request: ReceivedRequest) -> Reply:
        aside = self._aside(request) if self._aside is not None else None
        if aside is not None:
            return aside
        self.requests.append(request)
        if self._replies:
            return self._replies.popleft()
        if self._repeated is not None:
            return self._repeated
        self.unexpected += 1
        return Reply([b"The script is at its end."], status=400)

    async def _deliver(
        self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Send a reply; return whether the connection stays open."""
        if reply.hold is not None:
            await _wait(reply.hold, reader)
        writer.write(_head(reply))
        for position, piece in enumerate(reply.pieces):
            if isinstance(piece, Gate):
                await _wait(piece, reader)
                continue
            if piece:
                writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
            # So that pieces are packets, and the first ones reads of their own, also where the
            # machine is busy.
            await asyncio.sleep(_PACE if position < _PACED else 0)
        if reply.end == "complete":
            writer.write(b"0\r\n\r\n")
            await writer.drain()
            return True
        if reply.end == "stall":
            await reader.read()
            self.left.set()
        if reply.end == "reset":
            await asyncio.sleep(_TICK)  # a reset overtakes what was not read yet
            _reset(writer)
        return False


async def _read(reader: asyncio.StreamReader) -> ReceivedRequest | None:
    """Read a request; `None` where the client has closed the connection."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    method, target, *_ = head.split(" ", 2)
    lines = (line.partition(":") for line in head.split("\r\n")[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in lines}
    if "chunked" in headers.get("transfer-encoding", ""):
        body = b"".join([chunk async for chunk in _chunks(reader)])
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return ReceivedRequest(method, target, headers, body)


async def _chunks(reader: asyncio.StreamReader) -> AsyncGenerator[bytes, None]:
    while size := int((await reader.readline()).split(b";")[0], 16):
        yield await reader.readexactly(size)
        await reader.readline()
    await reader.readline()


async def _wait(gate: Gate, reader: asyncio.StreamReader) -> None:
    """Wait at a gate, unless the client leaves.

    Raises:
        ConnectionError: The client has left.
    """
    while not gate.passable():
        if reader.at_eof() or reader.exception() is not None:
            raise ConnectionResetError
        await asyncio.sleep(_TICK)


def _head(reply: Reply) -> bytes:
    try:
        phrase = http.HTTPStatus(reply.status).phrase
    except ValueError:
        phrase = "Unknown"
    headers = {**reply.headers, "Transfer-Encoding": "chunked"}
    lines = [f"HTTP/1.1 {reply.status} {phrase}", *(f"{k}: {v}" for k, v in headers.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close the connection as a crashed peer does, with a TCP reset."""
    sock = writer.get_extra_info("socket")
    if sock is not None:  # as where a client of TLS has left
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
