"""Deadlines of a request in progress."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any, TypeVar

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from modelwire.transport.deadlines import ANOTHER_TURN, Deadlines

__all__ = ["ReportingConnector", "RequestDeadlines"]

T = TypeVar("T")

_RECEIVED_AT_ONCE = 64 * 1024
"""Bytes of a buffer for what is received.

asyncio makes a new one of 256 KiB each time that anything arrives. That much comes from the operating
system and goes back to it, which takes longer than to receive an event.
"""


class RequestDeadlines:
    """Moves one timer along with the phases of a request of the current task.

    Where a program blocks the loop beyond a limit, data may wait in the socket,
    and the loop may run the timer before the reader; so the verdict waits for one more iteration.

    Args:
        deadlines: The limits, in seconds.

    Attributes:
        expired: Whether a limit has passed, so that the request was ended.
        phase: The current phase: `connect`, `first_byte`, or `total` when nothing else is limited.
        limit: The limit of that phase in seconds.
        is_connected: Whether there is a connection for the request.
        reused: Whether that had served another request before.
        connected_at: When the connection was established, by the loop's clock.
        total_at: When the whole answer is due, by the loop's clock, or `None`.
    """

    def __init__(self, deadlines: Deadlines) -> None:
        task = asyncio.current_task()
        if task is None:
            msg = "A request has to be sent by a task."
            raise RuntimeError(msg)
        self.expired = False
        self._task = task
        self._cancelling = task.cancelling()
        self._deadlines = deadlines
        self._loop = task.get_loop()
        self._clock = self._loop.time
        self._timer: asyncio.TimerHandle | None = None
        now = self._clock()
        self.total_at = None if deadlines.total is None else now + deadlines.total
        self.connected_at = now
        self.is_connected = self.reused = False
        self.phase = "connect"
        self.limit = 0.0
        # Only `total` is limited until there is something to wait for, which is reported.
        if self.total_at is not None:
            self._enter("connect", None)

    async def in_time(self, sending: Coroutine[Any, Any, T]) -> T:
        """Await the sending of the request; `asyncio.timeout` would take twice as long.

        Raises:
            TimeoutError: A limit has passed.
        """
        token = _PROGRESS.set(self)
        try:
            return await sending
        except asyncio.CancelledError as cancelled:
            if self.expired and self._task.cancelling() <= self._cancelling + 1:
                raise TimeoutError from cancelled
            raise
        finally:
            _PROGRESS.reset(token)
            self.stop()
            if self.expired:
                self._task.uncancel()

    def waiting(self) -> None:
        """A connection of the pool is waited for, perhaps for the second time."""
        if self.is_connected:
            self.is_connected = False
            self._enter("total", None)

    def connecting(self) -> None:
        """A connection is being established."""
        self.reused = False
        self._enter("connect", self._deadlines.connect)

    def connected(self, *, reused: bool) -> None:
        """The connection is established; the request is being sent."""
        self.reused = reused
        self.is_connected = True
        self.connected_at = self._clock()
        self._enter("first_byte", self._deadlines.first_byte)

    def _enter(self, phase: str, limit: float | None) -> None:
        when = None if limit is None else self._clock() + limit
        if self.total_at is not None and (when is None or self.total_at <= when):
            phase, limit, when = "total", self._deadlines.total, self.total_at
        self.phase = phase
        self.limit = limit or 0.0
        self.stop()
        if when is not None:
            self._timer = self._loop.call_at(when, self._over)

    def stop(self) -> None:
        """The request has ended: no limit applies any longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _over(self) -> None:
        self._timer = self._loop.call_later(ANOTHER_TURN, self._expire)

    def _expire(self) -> None:
        self._timer = None
        self.expired = True
        self._task.cancel()


class ReportingConnector(aiohttp.TCPConnector):
    """A pool of connections that reports the progress of a request to its `RequestDeadlines`.

    A trace of aiohttp would report the same, and make a dozen objects for each request.
    """

    async def connect(self, *args: Any, **given: Any) -> Connection:
        """Get a connection from the pool or create one."""
        progress = _PROGRESS.get()
        if progress is None:
            return await super().connect(*args, **given)
        progress.waiting()
        connection = await super().connect(*args, **given)
        if not progress.is_connected:
            progress.connected(reused=True)
        return connection

    async def _create_connection(self, *args: Any, **given: Any) -> ResponseHandler:
        """Create a connection."""
        progress = _PROGRESS.get()
        if progress is not None:
            progress.connecting()
        created = await super()._create_connection(*args, **given)
        if progress is not None:
            progress.connected(reused=False)
        # With TLS, the protocol beneath makes the buffer.
        receiver: Any = getattr(created.transport, "_ssl_protocol", created.transport)
        if hasattr(receiver, "max_size"):  # as asyncio's own have
            receiver.max_size = _RECEIVED_AT_ONCE
        return created


_PROGRESS: ContextVar[RequestDeadlines | None] = ContextVar("_PROGRESS", default=None)
