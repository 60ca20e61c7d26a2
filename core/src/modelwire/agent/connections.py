"""The connections of an agent: its runtime, and the event loop of its synchronous runs."""

from __future__ import annotations

import asyncio
import weakref

from modelwire.errors import InvalidRequest
from modelwire.forks import ForkSafeLock
from modelwire.runtime import Runtime, SyncRuntime
from modelwire.runtime.loop_thread import LoopThread

__all__ = ["Connections"]


class Connections:
    """The runtime of an agent, and the event loop of its synchronous runs, made when they are needed.

    Args:
        runtime: The runtime; by default one is made from the configuration. The loop of a
            `SyncRuntime` is shared as well.
        shared: Whether the runtime is shared, so that its owner closes it.

    Raises:
        InvalidRequest: It is no runtime.
    """

    def __init__(
        self, runtime: Runtime | SyncRuntime | None = None, *, shared: bool = False
    ) -> None:
        self._runtime: Runtime | None = None
        self._shared = shared
        self._loop: LoopThread | None = None
        _check(runtime)
        # The finalizer of a runtime closes it, so it is kept here.
        self._given = runtime
        if isinstance(runtime, SyncRuntime):
            self._runtime, self._loop = runtime._runtime, runtime._loop  # noqa: SLF001 - its other half
        else:
            self._runtime = runtime
        self._stop: weakref.finalize[[LoopThread, Runtime | None], Connections] | None = None
        self._making = ForkSafeLock()

    @property
    def runtime(self) -> Runtime:
        """The runtime."""
        with self._making:
            if self._runtime is None:
                self._runtime = Runtime.from_config()
            return self._runtime

    @property
    def loop(self) -> LoopThread:
        """The loop of synchronous runs; it ends with this object."""
        own = None if self._shared else self.runtime
        with self._making:
            if self._loop is None:
                self._loop = LoopThread()
                self._stop = weakref.finalize(self, _stop, self._loop, own)
            return self._loop

    def close(self) -> None:
        """End the loop of synchronous runs, and close the connections that it used."""
        with self._making:
            stop, self._stop = self._stop, None
            if stop is not None:
                self._loop = None
        if stop is not None:
            stop()

    async def aclose(self) -> None:
        """Close every connection; a runtime that is shared stays open."""
        if self._stop is not None:
            await asyncio.to_thread(self.close)
        if self._runtime is not None and not self._shared:
            await self._runtime.aclose()


def _check(runtime: object) -> None:
    if not isinstance(runtime, Runtime | SyncRuntime | None):
        msg = f"runtime is {type(runtime).__name__}; it is a Runtime or a SyncRuntime."
        raise InvalidRequest(msg, retryable=False)


def _stop(loop: LoopThread, runtime: Runtime | None) -> None:
    loop.stop(_wind_up(runtime))


async def _wind_up(runtime: Runtime | None) -> None:
    """End runs that were left early, then close the connections of this loop."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
    if runtime is not None:
        await runtime.aclose()
    await asyncio.get_running_loop().shutdown_asyncgens()
