"""A pump: reads items in the event loop for a consumer in another thread.

Items cross over in batches: whatever has arrived when the consumer asks, so that a burst costs one
crossing and not one per item.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Generic, Protocol, TypeVar

from modelwire.errors import Cancelled

__all__ = ["Pump", "Source"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
_AHEAD = 1000
_FOREIGN = "The stream was started in the parent process, before the fork."


class Source(Protocol[T_co]):
    """A source that is read in the event loop: a `Stream` or a `ToolLoop`."""

    def __aiter__(self) -> AsyncIterator[T_co]: ...

    async def aclose(self) -> None:
        """Stop the answer and close the connection."""


class Pump(Generic[T]):
    """Reads a source in the loop ahead of a consumer in another thread, up to a limit.

    All but the constructor belongs to the loop.

    Args:
        halts: After such an item, reading pauses until the consumer requests the next one.
    """

    def __init__(self, halts: Callable[[T], bool]) -> None:
        self._halts = halts
        self._items: list[T] = []
        self._error: BaseException | None = None
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._halted = False
        self._dropped = False
        self._task: asyncio.Task[None] | None = None

    async def take(self, source: Source[T]) -> list[T]:
        """Wait for items; an empty list means the end.

        Args:
            source: The source, the same each time.
        """
        if self._dropped:
            return []
        if self.is_foreign():
            raise Cancelled(_FOREIGN)
        if self._task is None:
            # The pump does not hold the source, which may hold the pump.
            self._task = asyncio.create_task(self._run(source))
        if not self._items:
            self._room.set()
        await self._arrived.wait()
        batch, self._items = self._items, []
        if batch or self._error is None:
            if not self._task.done():
                self._arrived.clear()
            if not self._halted:
                self._room.set()
            return batch
        error, self._error = self._error, None
        raise error

    def put(self, item: T) -> None:
        """Add an item of another origin."""
        self._items.append(item)
        self._arrived.set()

    async def stop(self) -> None:
        """End the reading, and close the source."""
        if self._task is not None and not self.is_foreign():
            self._task.cancel()
            await asyncio.wait([self._task])

    def drop(self) -> None:
        """End the reading without waiting for it, since the consumer has gone."""
        self._dropped = True
        if self._task is not None and not self.is_foreign():
            self._task.cancel()

    def is_foreign(self) -> bool:
        """Whether the reading takes place in the process that this one was forked from."""
        return self._task is not None and self._task.get_loop() is not asyncio.get_running_loop()

    async def _run(self, source: Source[T]) -> None:
        try:
            async with aclosing(source):
                async for item in source:
                    self.put(item)
                    self._halted = self._halts(item)
                    if self._halted or len(self._items) >= _AHEAD:
                        self._room.clear()
                        await self._room.wait()
                        self._halted = False
        except asyncio.CancelledError:
            self._error = Cancelled("The stream was closed.")
        except Exception as error:  # noqa: BLE001 - it is raised in the consumer's thread
            self._error = error
        finally:
            self._arrived.set()
