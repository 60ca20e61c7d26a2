"""Single-flight work: run once in a thread, shared by all waiters on any event loop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

__all__ = ["SingleFlight"]

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs work under a key; whoever asks for the same key meanwhile waits for the same result.

    Each work has a daemon thread of its own, not one of a pool: a source of credentials may hang,
    and then neither other work nor the end of the program shall wait for it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Hashable, Future[T]] = {}

    async def run(self, key: Hashable, work: Callable[[], T]) -> T:
        """Wait for the work, started now or already under way. A cancelled waiter leaves it alone.

        Raises:
            Exception: Whatever the work raised; the next call starts it anew.
        """
        import asyncio

        return await asyncio.wrap_future(self.start(key, work))

    def start(self, key: Hashable, work: Callable[[], T]) -> Future[T]:
        """Start the work, if it is not under way, and wait for nothing."""
        with self._lock:
            future = self._running.get(key)
            if future is not None:
                return future
            future = Future()
            # From here on nobody can cancel it, as no waiter should for the others.
            future.set_running_or_notify_cancel()
            self._running[key] = future
        threading.Thread(
            target=self._work, args=(key, work, future), name="modelwire-bedrock", daemon=True
        ).start()
        return future

    def _work(self, key: Hashable, work: Callable[[], T], future: Future[T]) -> None:
        outcome: Any = None
        failure: BaseException | None = None
        try:
            outcome = work()
        except BaseException as error:  # noqa: BLE001 - it belongs to those who wait
            failure = error
        with self._lock:
            del self._running[key]
        if failure is not None:
            future.set_exception(failure)
        else:
            future.set_result(outcome)
