"""An event loop in a thread of its own, for programs that have none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any, TypeVar

from modelwire.errors import Cancelled

__all__ = ["LoopThread"]

T = TypeVar("T")


class LoopThread:
    """An event loop in a thread of its own, started when it is first needed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._taking_on = threading.Lock()
        self._closing = False

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop and wait for it; an interrupt cancels it.

        Raises:
            Cancelled: The loop was stopped before, or while the coroutine ran.
        """
        try:
            with self._taking_on:
                self._start()
                future = asyncio.run_coroutine_threadsafe(work, self._loop)
        except Cancelled:
            work.close()
            raise
        return self._wait(future)

    def soon(self, function: Callable[[], object]) -> None:
        """Call a function in the loop, without waiting for it; a loop that was stopped does nothing."""
        with self._taking_on:
            if self._closing:
                return
            self._start()
            self._loop.call_soon_threadsafe(function)

    def soon_if_running(self, function: Callable[[], object]) -> None:
        """Call a function in the loop if that runs.

        This takes no lock: the garbage collector may call it in any thread, at any point.
        """
        if self._thread is not None:
            with suppress(RuntimeError):  # the loop was closed
                self._loop.call_soon_threadsafe(function)

    def stop(self, last: Coroutine[Any, Any, None]) -> None:
        """Run a last coroutine, then end the loop and its thread."""
        # From here on nothing is taken on, so that no caller waits for what a stopped loop drops.
        with self._taking_on:
            self._start()
            self._closing = True
            future = asyncio.run_coroutine_threadsafe(last, self._loop)
        future.add_done_callback(lambda _: self._loop.call_soon_threadsafe(self._loop.stop))
        # The garbage collector may end a forgotten runtime in this very thread.
        if self._thread is not None and self._thread is not threading.current_thread():
            self._wait(future)
            self._thread.join()

    def _wait(self, future: Future[T]) -> T:
        try:
            return future.result()
        except CancelledError:
            msg = "The runtime was closed."
            raise Cancelled(msg) from None
        except BaseException:
            future.cancel()
            raise

    def _start(self) -> None:
        if self._closing:
            msg = "The runtime is closed."
            raise Cancelled(msg)
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="modelwire", daemon=True)
            thread.start()
            self._thread = thread

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()
