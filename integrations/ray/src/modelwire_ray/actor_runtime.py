"""The runtime of one actor, closed when the actor ends."""

from __future__ import annotations

import asyncio
import gc
from typing import Final

import ray

from modelwire.runtime import ConfigSource, Runtime, RuntimeHandle

__all__ = ["ActorRuntime"]

_CLOSE_SECONDS: Final = 10
"""How long an actor that ends waits for its connections to be closed."""


class ActorRuntime:
    """A runtime that belongs to the event loop of an actor.

    Args:
        config: Its configuration; it is made when it is first needed.
    """

    def __init__(self, config: ConfigSource) -> None:
        self._runtime = RuntimeHandle(config=config)
        self._loop: asyncio.AbstractEventLoop | None = None

    def get(self) -> Runtime:
        """The runtime, for the running loop."""
        loop = asyncio.get_running_loop()
        if self._loop is None and _is_in_an_actor():
            _spare_collections()
        self._loop = loop
        return self._runtime.get()

    async def aclose(self) -> None:
        """Close the connections; a later call opens others."""
        self._loop = None
        await self._runtime.aclose()

    def close(self) -> None:
        """Close the connections, from a thread beside that of the event loop.

        Ray has no other way to say that an actor ends: it deletes the object, while the event loop still
        runs in another thread.
        """
        loop = self._loop
        if loop is None or not loop.is_running() or _runs_here(loop):
            return
        asyncio.run_coroutine_threadsafe(self.aclose(), loop).result(_CLOSE_SECONDS)


def _is_in_an_actor() -> bool:
    return ray.is_initialized() and ray.get_runtime_context().get_actor_id() is not None


def _spare_collections() -> None:
    """Leave what the worker has imported out of the collections of garbage.

    Ray, pandas and pyarrow are most of its objects. Rows leave few cycles behind; walking over all
    modules to find them takes a tenth of their time.
    """
    gc.collect()
    gc.freeze()


def _runs_here(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether a loop runs in this thread, which cannot wait for it."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False
