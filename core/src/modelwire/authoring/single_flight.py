"""Single-flight work: run once in a thread, shared by all waiters on any event loop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from modelwire.forks import ForkSafeLock, after_fork

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["SingleFlight"]

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Runs work under a key; concurrent calls for the same key wait for the same result.

    Each work has a daemon thread of its own, not one of a pool: work that hangs delays neither other
    work nor the end of the program.

    Args:
        name: The name of the threads.
    """

    def __init__(self, name: str = "modelwire") -> None:
        self._name = name
        self._lock = ForkSafeLock()
        self._begin_again()
        after_fork(self._begin_again)  # what is under way never ends in a child

    async def run(self, key: Hashable, work: Callable[[], T]) -> T:
        """Wait for the work, started now or earlier. Cancelling a waiter does not cancel the work.

        Raises:
            Exception: Whatever the work raised; the next call starts it again.
        """
        import asyncio

        return await asyncio.wrap_future(self.start(key, work))

    def start(self, key: Hashable, work: Callable[[], T]) -> Future[T]:
        """Start the work, if it is not under way, without waiting."""
        from concurrent.futures import Future  # an event loop has it; other programs need none

        with self._lock:
            future = self._running.get(key)
            if future is not None:
                return future
            future = Future()
            # From here on it cannot be cancelled: no waiter should cancel it for the others.
            future.set_running_or_notify_cancel()
            self._running[key] = future
        thread = threading.Thread(
            target=self._work, args=(key, work, future), name=self._name, daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # there are too many threads
            self._finish(key, future, None, error)
        return future

    def _begin_again(self) -> None:
        self._running: dict[Hashable, Future[T]] = {}

    def _work(self, key: Hashable, work: Callable[[], T], future: Future[T]) -> None:
        outcome: Any = None
        failure: BaseException | None = None
        try:
            outcome = work()
        except BaseException as error:  # noqa: BLE001 - it is raised in the waiters
            failure = error
        self._finish(key, future, outcome, failure)

    def _finish(
        self, key: Hashable, future: Future[T], outcome: Any, failure: BaseException | None
    ) -> None:
        with self._lock:
            self._running.pop(key, None)
        if failure is not None:
            future.set_exception(failure)
        else:
            future.set_result(outcome)
