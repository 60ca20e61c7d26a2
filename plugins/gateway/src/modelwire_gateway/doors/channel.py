"""The channel: bytes of a stream to a client, with keep-alives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from starlette.types import Send

__all__ = ["Channel"]

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
        begun: Called when something is put in for the first time.

    Attributes:
        started: Whether the head of the response was sent.
        full: Whether so much waits for the client that nothing more should be put in.
    """

    def __init__(
        self,
        send: Send,
        headers: Mapping[str, str],
        *,
        keep_alive: Callable[[], bytes],
        seconds: float,
        begun: Callable[[], None],
    ) -> None:
        self._send = send
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._keep_alive = keep_alive
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._last_sent = self._loop.time()
        self._is_silent = False
        self._begun = begun
        self._has_begun = False
        self._parts: list[bytes] = []
        self._size = 0
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._closed = False
        self._ended = False
        self.started = False
        self.full = False

    def put(self, data: bytes) -> None:
        """Have bytes sent soon."""
        if not data or self._closed:
            return
        self._parts.append(data)
        self._size += len(data)
        if not self._has_begun:
            self._has_begun = True
            self._begun()
        self.full = self._size > _FULL
        self._wake.set()

    async def drained(self) -> None:
        """Wait until what was put in is on its way."""
        if not self._closed:
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
        self._watch_silence()
        try:
            while not self._ended:
                await self._wake.wait()
                self._wake.clear()
                parts, self._parts, self._size = self._parts, [], 0
                self.full = False
                self._room.set()
                self._ended = self._closed
                if parts or (self._ended and self.started):
                    await self._sent(b"".join(parts))
                elif self._is_silent and not self._ended and (data := self._keep_alive()):
                    await self._sent(data)
        finally:
            self._timer.cancel()

    def _watch_silence(self) -> None:
        """Have a keep-alive sent once nothing was for long enough; one timer serves many events."""
        left = self._last_sent + self._seconds - self._loop.time()
        if left <= 0:
            self._is_silent = True
            self._wake.set()
            left = self._seconds
        self._timer = self._loop.call_later(left, self._watch_silence)

    async def _sent(self, data: bytes) -> None:
        self._is_silent = False
        self._last_sent = self._loop.time()
        if not self.started:
            self.started = True
            await self._send(
                {"type": "http.response.start", "status": 200, "headers": self._headers}
            )
        more = not self._ended
        await self._send({"type": "http.response.body", "body": data, "more_body": more})
