"""A client that loads a gateway: plain HTTP on sockets, so that its own time is small."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from random import Random
from typing import Any

from attrs import define, field, frozen

__all__ = ["Client", "LoadAnswer", "LoadRequest", "at_a_rate", "at_once", "make_request"]

_END = b"0\r\n\r\n"
_HEAD_END = b"\r\n\r\n"


@frozen
class LoadRequest:
    """A request.

    Attributes:
        data: Its bytes.
        holds: What its answer must hold.
    """

    data: bytes
    holds: bytes


def make_request(path: str, body: dict[str, Any], key: str, *, holds: bytes) -> LoadRequest:
    """Make a request."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    return LoadRequest(head.encode() + content, holds)


@define
class LoadAnswer:
    """An answer that is being read.

    Attributes:
        received: Its bytes.
        done: Becomes whether it came to its end.
        begun: Set with the first byte of the body.
    """

    received: bytearray = field(factory=bytearray)
    done: asyncio.Future[bool] = field(factory=lambda: asyncio.get_running_loop().create_future())
    begun: asyncio.Event = field(factory=asyncio.Event)
    head: int = 0
    length: int | None = None

    def add(self, data: bytes) -> None:
        """Take what was received."""
        self.received += data
        if not self.head:
            self.head = self.received.find(_HEAD_END) + 4
            if self.head < 4:
                self.head = 0
                return
            fields = bytes(self.received[: self.head]).lower()
            if b"content-length: " in fields:
                self.length = int(fields.partition(b"content-length: ")[2].split(b"\r\n")[0])
        if len(self.received) > self.head:
            self.begun.set()
        whole = (
            self.received.endswith(_END)
            if self.length is None
            else len(self.received) >= self.head + self.length
        )
        if whole and not self.done.done():
            self.done.set_result(True)


class Client(asyncio.Protocol):
    """One connection, on which requests follow one another."""

    def __init__(self) -> None:
        self.answer: LoadAnswer | None = None
        self.transport: asyncio.Transport

    @classmethod
    async def connected(cls, url: str) -> Client:
        """Connect."""
        host, _, port = url.removeprefix("http://").rpartition(":")
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(cls, host, int(port))
        return made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Read."""
        if self.answer is not None:
            self.answer.add(data)

    def connection_lost(self, _: Exception | None) -> None:
        """End what was being read."""
        if self.answer is not None and not self.answer.done.done():
            self.answer.done.set_result(False)

    def begin(self, request: LoadRequest) -> LoadAnswer:
        """Send a request."""
        self.answer = LoadAnswer()
        self.transport.write(request.data)
        return self.answer

    async def ask(self, request: LoadRequest) -> float:
        """Send a request and read its answer; gives the seconds that it took.

        Raises:
            RuntimeError: The answer is not what it must be.
        """
        began = time.monotonic()
        answer = self.begin(request)
        whole = await answer.done
        took = time.monotonic() - began
        if not whole or request.holds not in answer.received:
            msg = f"An answer is not whole: {bytes(answer.received[-400:])!r}"
            raise RuntimeError(msg)
        return took


async def at_once(url: str, request: LoadRequest, *, connections: int, seconds: float) -> int:
    """Ask over so many connections, one request after another; gives how many were answered."""
    clients = [await Client.connected(url) for _ in range(connections)]
    ends = time.monotonic() + seconds
    answered = 0

    async def keep_asking(client: Client) -> None:
        nonlocal answered
        while time.monotonic() < ends:
            await client.ask(request)
            answered += 1

    try:
        await asyncio.gather(*map(keep_asking, clients))
    finally:
        _close(clients)
    return answered


async def at_a_rate(url: str, request: LoadRequest, *, rate: float, seconds: float) -> list[float]:
    """Ask so often a second, however long answers take; gives the seconds that each took.

    The time of a request counts from when it was due.
    """
    idle: list[Client] = []
    clients: list[Client] = []
    pace = Random(8)  # noqa: S311 - no secret

    async def one(due: float) -> float:
        if not idle:
            client = await Client.connected(url)
            clients.append(client)
        else:
            client = idle.pop()
        await client.ask(request)
        idle.append(client)
        return time.monotonic() - due

    running = []
    due = time.monotonic()
    ends = due + seconds
    try:
        while (due := due + pace.expovariate(rate)) < ends:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            running.append(asyncio.create_task(one(time.monotonic())))
        return await asyncio.gather(*running)
    finally:
        _close(clients)


def _close(clients: Sequence[Client]) -> None:
    for client in clients:
        client.transport.abort()
