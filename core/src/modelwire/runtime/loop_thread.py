"""An event loop in a thread of its own, for programs that have none.

A forked child gets another loop and another thread when it first needs them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from importlib import import_module
from typing import Any, TypeVar

from modelwire.errors import Cancelled
from modelwire.forks import ForkSafeLock, after_fork, release_descriptors

# This module registers a lock to be held during forks. Were a thread of ours to import it while a fork
# waits for that import, the fork would release the lock without holding it.
import_module("concurrent.futures.thread")

__all__ = ["LoopThread"]

T = TypeVar("T")


class LoopThread:
    """An event loop in a thread of its own, started when it is first needed."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._taking_on = ForkSafeLock()
        self._closing = False
        after_fork(self._leave_to_parent)

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the loop and wait for it; an interrupt cancels it.

        Raises:
            Cancelled: The loop was stopped before, or while the coroutine ran.
        """
        try:
            with self._taking_on:
                future = asyncio.run_coroutine_threadsafe(work, self._started())
        except Cancelled:
            work.close()
            raise
        return self._wait(future)

    def soon(self, function: Callable[[], object]) -> None:
        """Schedule a call of a function in the loop; in a stopped loop nothing happens."""
        with self._taking_on:
            if not self._closing:
                self._started().call_soon_threadsafe(function)

    def soon_if_running(self, function: Callable[[], object]) -> None:
        """Call a function in the loop if that is running.

        This takes no lock: the garbage collector may call it in any thread, at any point.
        """
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop was closed
                loop.call_soon_threadsafe(function)

    def stop(self, last: Coroutine[Any, Any, None]) -> None:
        """Run a last coroutine, then end the loop and its thread; neither is started for it."""
        # From here on nothing is taken on, so that no caller waits for what a stopped loop drops.
        with self._taking_on:
            self._closing = True
            loop, thread = self._loop, self._thread
            if loop is None or thread is None:
                last.close()
                return
            future = asyncio.run_coroutine_threadsafe(last, loop)
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(loop.stop))
        # The garbage collector may finalize a runtime in this very thread.
        if thread is not threading.current_thread():
            self._wait(future)
            thread.join()

    def _wait(self, future: Future[T]) -> T:
        try:
            return future.result()
        except CancelledError:
            msg = "The runtime was closed."
            raise Cancelled(msg) from None
        except BaseException:
            future.cancel()
            raise

    def _started(self) -> asyncio.AbstractEventLoop:
        if self._closing:
            msg = "The runtime is closed."
            raise Cancelled(msg)
        if self._loop is None or self._thread is None:
            # Not before it is needed: a child of a fork would share the selector of one that is there.
            self._loop = asyncio.new_event_loop()
            thread = threading.Thread(
                target=_run, args=(self._loop,), name="modelwire", daemon=True
            )
            thread.start()
            self._thread = thread
        return self._loop

    def _leave_to_parent(self) -> None:
        loop, self._loop = self._loop, None
        self._thread = None
        if loop is not None:
            _inherited.append(loop)
            # What ends with this process is not lost, and the parent's loop must not be notified.
            loop.set_exception_handler(lambda _loop, _context: None)
            release_descriptors(_descriptors(loop))


_inherited: list[asyncio.AbstractEventLoop] = []
"""The parent's loops, kept in a forked child so that their pending work is not unwound there."""


def _descriptors(loop: asyncio.AbstractEventLoop) -> list[int]:
    """The selector of a loop, and its wake-up sockets; asyncio has no public names for them."""
    parts = [getattr(loop, name, None) for name in ("_selector", "_ssock", "_csock")]
    return [part.fileno() for part in parts if part is not None]


def _run(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()
