"""The event loop of a command: it ends with the command's own work.

What blocks, as looking up a name or loading credentials, runs in threads, and nothing can stop a
thread. Those of asyncio's own pool are waited for when the loop closes and again when the program
ends, so that a stuck one would hold up Ctrl-C and even a command that is done. The threads here are
not waited for.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

__all__ = ["run"]

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
