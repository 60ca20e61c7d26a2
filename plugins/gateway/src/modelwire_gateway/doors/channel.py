"""Channels: the bytes of a stream to a client, with keep-alives."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Final

from starlette.types import Send

from modelwire_gateway.exchange import Exchange

__all__ = ["Channel", "SentChannel", "WrittenChannel"]

_FULL: Final = 256 * 1024
"""Bytes that may wait for a slow client before its provider is read no further."""


class Channel(ABC):
    """Sends what is put into it, and keep-alives while nothing is.

    What arrives together is sent together. The head of the response is sent with the first bytes, so
    that a failure before them still has a status of its own.

    Args:
        keep_alive: Makes what is sent while nothing else is.
        seconds: How long nothing may be sent.
        begun: Called when something is put in for the first time.

    Attributes:
        started: Whether the head of the response was sent.
    """

    def __init__(
        self, *, keep_alive: Callable[[], bytes], seconds: float, begun: Callable[[], None]
    ) -> None:
        self._keep_alive = keep_alive
        self._seconds = seconds
        self._begun: Callable[[], None] | None = begun
        self._parts: list[bytes] = []
        self._size = 0
        self._is_due = False
        self._room: asyncio.Event | None = None
        self._closed = False
        self._ended = False
        self.started = False
        self._loop = asyncio.get_running_loop()
        self._last_sent = self._loop.time()
        self._timer = self._loop.call_later(seconds, self._watch_silence)

    def put(self, data: bytes) -> bool:
        """Have bytes sent soon.

        Returns:
            Whether so much waits for the client that nothing more should be put in.
        """
        if not self._is_due:
            if not data or self._closed:
                return False
            if self._begun is not None:
                self._begun()
                self._begun = None
            self._is_due = True
            self._soon()
        self._parts.append(data)
        self._size += len(data)
        return self._size > _FULL

    async def drained(self) -> None:
        """Wait until what was put in is on its way."""
        if not self._closed:
            self._room = asyncio.Event()
            await self._room.wait()

    def close(self, last: bytes = b"") -> None:
        """End the stream after what was put into it, and these last bytes."""
        if last and not self._closed:
            self._parts.append(last)
        self._closed, self._is_due = True, False
        if self._room is not None:
            self._room.set()
        self._finish()

    def abandon(self) -> bool:
        """End the stream before its head was sent; false where it was."""
        if self.started:
            return False
        self._parts.clear()
        self.close()
        return True

    @abstractmethod
    async def ended(self, seconds: float | None) -> None:
        """Wait until everything is on its way, for so long at most, once the channel was closed."""

    @abstractmethod
    def _soon(self) -> None:
        """Have sent what was put in."""

    @abstractmethod
    def _finish(self) -> None:
        """Have the end sent, after what was put in."""

    @abstractmethod
    def _is_silent(self) -> None:
        """Send a keep-alive, unless something waits to be sent."""

    def _take(self) -> tuple[bytes, bool]:
        """What was put in, for which there is room again, and whether it is the last."""
        parts, self._parts, self._size = self._parts, [], 0
        self._is_due = False
        if self._room is not None:
            self._room.set()
        self._ended = self._closed
        return b"".join(parts), self._closed

    def _watch_silence(self) -> None:
        """Have a keep-alive sent once nothing was for long enough; one timer serves many events."""
        left = self._last_sent + self._seconds - self._loop.time()
        if left <= 0:
            self._is_silent()
            left = self._seconds
        self._timer = self._loop.call_later(left, self._watch_silence)


class WrittenChannel(Channel):
    """A channel on a connection of the gateway's own server, which is written to without a task.

    Args:
        exchange: The request, of which the answer has begun.
        **more: Those of any channel.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        keep_alive: Callable[[], bytes],
        seconds: float,
        begun: Callable[[], None],
    ) -> None:
        super().__init__(keep_alive=keep_alive, seconds=seconds, begun=begun)
        self._exchange = exchange
        self._all_written: asyncio.Future[None] | None = None
        exchange.watch_writing(self._write)

    async def ended(self, seconds: float | None) -> None:
        """Wait until everything is on its way, for so long at most, once the channel was closed."""
        try:
            if not self._ended:
                self._all_written = self._loop.create_future()
                await asyncio.wait({self._all_written}, timeout=seconds)
        finally:
            self._ended = True
            self._timer.cancel()
            self._exchange.unwatch_writing(self._write)

    def _soon(self) -> None:
        # What comes in the same turn of the event loop is written with it.
        self._loop.call_soon(self._write)

    def _finish(self) -> None:
        self._write()

    def _is_silent(self) -> None:
        if not self._parts and self._exchange.writable and (data := self._keep_alive()):
            self._written(data, last=False)

    def _write(self) -> None:
        if self._ended or not self._exchange.writable:
            return
        data, last = self._take()
        if data or (last and self.started):
            self._written(data, last=last)
        if last and self._all_written is not None and not self._all_written.done():
            self._all_written.set_result(None)

    def _written(self, data: bytes, *, last: bool) -> None:
        self._last_sent = self._loop.time()
        self.started = True
        self._exchange.write(data, last=last)


class SentChannel(Channel):
    """A channel through ASGI, by a task that waits for a client that reads slowly.

    Args:
        send: The ASGI function.
        headers: The header fields.
        **more: Those of any channel.
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
        super().__init__(keep_alive=keep_alive, seconds=seconds, begun=begun)
        self._send = send
        self._headers = [(name.encode(), value.encode()) for name, value in headers.items()]
        self._was_silent = False
        self._wake = asyncio.Event()
        self._sending = asyncio.create_task(self._run())

    async def ended(self, seconds: float | None) -> None:
        """Wait until everything is on its way, for so long at most, once the channel was closed."""
        await asyncio.wait({self._sending}, timeout=seconds)
        if not self._sending.done():
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
        elif not self._sending.cancelled():
            # How it ended does not matter.
            self._sending.exception()

    def _soon(self) -> None:
        self._wake.set()

    def _finish(self) -> None:
        self._wake.set()

    def _is_silent(self) -> None:
        self._was_silent = True
        self._wake.set()

    async def _run(self) -> None:
        """Send until the channel is closed; where nothing was put in, nothing is sent."""
        try:
            while not self._ended:
                await self._wake.wait()
                self._wake.clear()
                data, last = self._take()
                if self._was_silent and not data and not last:
                    data = self._keep_alive()
                if data or (last and self.started):
                    await self._sent(data, last=last)
        finally:
            self._timer.cancel()

    async def _sent(self, data: bytes, *, last: bool) -> None:
        self._was_silent = False
        self._last_sent = self._loop.time()
        if not self.started:
            self.started = True
            await self._send(
                {"type": "http.response.start", "status": 200, "headers": self._headers}
            )
        await self._send({"type": "http.response.body", "body": data, "more_body": not last})
