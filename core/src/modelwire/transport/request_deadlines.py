"""Deadlines of a request in progress."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any, TypeVar

import aiohttp

from modelwire.transport.deadlines import ANOTHER_TURN, Deadlines

__all__ = ["RequestDeadlines", "tracing"]

T = TypeVar("T")


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
        reused: Whether the connection had served another request before.
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
        self.reused = False
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
        try:
            return await sending
        except asyncio.CancelledError as cancelled:
            if self.expired and self._task.cancelling() <= self._cancelling + 1:
                raise TimeoutError from cancelled
            raise
        finally:
            self.stop()
            if self.expired:
                self._task.uncancel()

    def queued(self) -> None:
        """The pool is limited, and all its connections are in use."""
        self._enter("total", None)

    def connecting(self) -> None:
        """A connection is being established."""
        self.reused = False
        self._enter("connect", self._deadlines.connect)

    def connected(self, *, reused: bool) -> None:
        """The connection is established; the request is being sent."""
        self.reused = reused
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


def tracing() -> aiohttp.TraceConfig:
    """Make the trace that reports a request's progress to the `RequestDeadlines` in its context."""
    trace = aiohttp.TraceConfig()

    async def queued(_: object, context: SimpleNamespace, __: Any) -> None:
        _progress(context).queued()

    async def connecting(_: object, context: SimpleNamespace, __: Any) -> None:
        _progress(context).connecting()

    async def connected(_: object, context: SimpleNamespace, __: Any) -> None:
        _progress(context).connected(reused=False)

    async def reused(_: object, context: SimpleNamespace, __: Any) -> None:
        _progress(context).connected(reused=True)

    trace.on_connection_queued_start.append(queued)
    trace.on_connection_queued_end.append(connecting)
    trace.on_connection_create_start.append(connecting)
    trace.on_connection_create_end.append(connected)
    trace.on_connection_reuseconn.append(reused)
    return trace


def _progress(context: SimpleNamespace) -> RequestDeadlines:
    progress: RequestDeadlines = context.trace_request_ctx
    return progress
