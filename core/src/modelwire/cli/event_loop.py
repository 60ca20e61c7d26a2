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
        return runner.run(work)


@contextmanager
def on_signal(number: signal.Signals, handler: Callable[[], object]) -> Iterator[None]:
    """Call a function on the running loop when a signal comes, as on Ctrl-C.

    It works on Windows too, whose loops have no signal handlers. Outside of the main thread, which alone
    hears of signals, nothing is changed.

    Args:
        number: The signal.
        handler: Called on the loop at each of them.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = signal.getsignal(number)
    try:
        loop.add_signal_handler(number, handler)
    except NotImplementedError:
        signal.signal(number, lambda _number, _frame: loop.call_soon_threadsafe(handler))
    try:
        yield
    finally:
        with suppress(NotImplementedError):
            loop.remove_signal_handler(number)
        # Removing it leaves Python's own handler, under which Ctrl-C would strike anywhere in the loop.
        signal.signal(number, before if before is not None else signal.SIG_DFL)


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
