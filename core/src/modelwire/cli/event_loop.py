"""The event loop of a command: it ends with the command's own work.

What blocks, as looking up a name or loading credentials, runs in threads, and nothing can stop a
thread. Those of asyncio's own pool are waited for when the loop closes and again when the program
ends, so that a stuck one would hold up Ctrl-C and even a command that is done. The threads here are
not waited for.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, ParamSpec, TypeVar

__all__ = ["on_signal", "run"]

T = TypeVar("T")
P = ParamSpec("P")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, as `asyncio.run` does, without waiting for stuck threads.

    The first Ctrl-C cancels the work, the second ends it wherever it is; both raise
    `KeyboardInterrupt`.
    """
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(_DaemonThreads())
        return runner.run(_until_cancelled(work))


async def _until_cancelled(work: Coroutine[Any, Any, T]) -> T:
    """Be cancelled also where the work ends before it can notice."""
    result = await work
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
    return result


@contextmanager
def on_signal(number: signal.Signals, handler: Callable[[], object]) -> Iterator[None]:
    """Call a function on the running loop when a signal comes, as on Ctrl-C.

    It works on Windows too, whose loops have no signal handlers. Outside of the main thread, which alone
    handles signals, nothing is changed.

    Args:
        number: The signal.
        handler: Called on the loop at each of them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    pending = 0

    def struck(_number: int, _frame: FrameType | None) -> None:
        nonlocal pending
        pending += 1
        loop.call_soon_threadsafe(deliver)

    def deliver() -> None:
        nonlocal pending
        if pending:
            pending -= 1
            handler()

    before = signal.getsignal(number)
    with _blocked(number):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, deliver)  # a loop that waits is woken up, in any thread
        signal.signal(number, struck)
    try:
        yield
    finally:
        with _blocked(number):
            with suppress(NotImplementedError):
                loop.remove_signal_handler(number)
            # Removing it leaves Python's own handler.
            signal.signal(number, before if before is not None else signal.SIG_DFL)
        while pending:  # else a signal would be lost that the loop has not come to
            deliver()


@contextmanager
def _blocked(number: signal.Signals) -> Iterator[None]:
    """Keep a signal waiting while its handler changes, where the system can do that."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _DaemonThreads(ThreadPoolExecutor):
    """Gives each call a thread of its own that ends with the program.

    A loop takes nothing but a `ThreadPoolExecutor` as its own; of the pool itself nothing is used.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Start a thread that calls the function."""
        future: Future[T] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = fn(*args, **kwargs)
            except BaseException as error:  # noqa: BLE001 - it is raised where the future is awaited
                future.set_exception(error)
            else:
                future.set_result(result)

        threading.Thread(target=work, name="modelwire-work", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave the threads to themselves."""
