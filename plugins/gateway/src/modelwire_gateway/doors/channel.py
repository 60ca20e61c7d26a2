"""The channel: bytes of a stream to a client, with keep-alives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from starlette.types import Message, Receive, Send

__all__ = ["Channel", "Sender", "attend"]

_FULL: Final = 256 * 1024
"""Bytes that may wait for a slow client before its provider is read no further."""


class Channel:
    """Sends what is put into it, and keep-alives while nothing is.

    What arrives together is sent together. The head of the response is sent with the first bytes, so
    that a failure before them still has a status of its own.

    Args:
        send: The ASGI function.
        headers: The header fields.
        keep_alive: Makes what is sent while nothing else is.
        seconds: How long nothing may be sent.
    """

    def __init__(
        self,
        send: Send,
        headers: Mapping[str, str],
        *,
        keep_alive: Callable[[], bytes],
        seconds: float,
    ) -> None:
        self._send = send
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._keep_alive = keep_alive
        self._seconds = seconds
        self._parts: list[bytes] = []
        self._size = 0
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._closed = False
        self._ended = False
        self.started = False

    async def put(self, data: bytes) -> None:
        """Have bytes sent soon; waits only where the client is too slow."""
        if not data or self._closed:
            return
        self._parts.append(data)
        self._size += len(data)
        self._wake.set()
        if self._size > _FULL:
            self._room.clear()
            await self._room.wait()

    def close(self, last: bytes = b"") -> None:
        """End the stream after what was put into it, and these last bytes."""
        if last and not self._closed:
            self._parts.append(last)
        self._closed = True
        self._wake.set()
        self._room.set()

    def abandon(self) -> bool:
        """End the stream before its head was sent; false where it was."""
        if self.started:
            return False
        self._parts.clear()
        self.close()
        return True

    async def run(self) -> None:
        """Send until the channel is closed; where nothing was put in, nothing is sent."""
        while not self._ended:
            if not self._wake.is_set():
                try:
                    async with asyncio.timeout(self._seconds):
                        await self._wake.wait()
                except TimeoutError:
                    if data := self._keep_alive():
                        await self._sent(data)
                    continue
            self._wake.clear()
            parts, self._parts, self._size = self._parts, [], 0
            self._room.set()
            self._ended = self._closed
            if parts or (self._ended and self.started):
                await self._sent(b"".join(parts))

    async def _sent(self, data: bytes) -> None:
        if not self.started:
            self.started = True
            await self._send(
                {"type": "http.response.start", "status": 200, "headers": self._headers}
            )
        more = not self._ended
        await self._send({"type": "http.response.body", "body": data, "more_body": more})


class Sender:
    """Sends the messages of a response, and knows whether its last one was sent.

    A server reports that a client has left after a complete response, too.

    Args:
        send: The ASGI function.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self.complete = False

    async def __call__(self, message: Message) -> None:
        """Send a message."""
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            self.complete = True
        await self._send(message)


async def attend(
    receive: Receive, work: asyncio.Task[None], leave: Callable[[], float | None]
) -> None:
    """Wait for the end of a call, or for its client to leave.

    Args:
        receive: The ASGI function, after the body was read.
        work: The call.
        leave: Called when the client has left, or has its whole answer; says how many seconds the call
            gets to end by itself before it is cancelled. `None` is no limit.
    """
    watcher = asyncio.create_task(_left(receive))
    try:
        await asyncio.wait({watcher, work}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            await asyncio.wait({work}, timeout=leave())
    finally:
        watcher.cancel()
        if not work.done():
            work.cancel()
        await asyncio.gather(watcher, work, return_exceptions=True)
    if not work.cancelled() and (error := work.exception()) is not None:
        raise error


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
