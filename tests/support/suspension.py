"""Doing something to a coroutine at its n-th suspension: every await can be met, and no clock is used."""

import asyncio
import types
from collections.abc import Callable, Coroutine
from typing import Any


@types.coroutine
def _stepping(work: Coroutine[Any, Any, Any], strike: Callable[[int], None]):
    error: BaseException | None = None
    steps = 0
    while True:
        try:
            waits_for = work.send(None) if error is None else work.throw(error)
        except StopIteration as end:
            return end.value
        steps += 1
        strike(steps)
        try:
            yield waits_for
        except BaseException as thrown:  # noqa: BLE001 - it is for the coroutine
            error = thrown
        else:
            error = None


async def stepped(work: Coroutine[Any, Any, Any], strike: Callable[[int], None]) -> Any:
    """Run a coroutine, and call `strike` with the number of each of its suspensions."""
    return await _stepping(work, strike)


class StruckTask:
    """A coroutine that runs in a task of its own and is struck once.

    Args:
        work: The coroutine.
        number: At which of its suspensions, counted from 1.
        strike: What happens then; by default its task is cancelled, so that it wakes up cancelled
            from that very wait.
    """

    def __init__(
        self,
        work: Coroutine[Any, Any, Any],
        number: int,
        strike: Callable[[], object] | None = None,
    ) -> None:
        self.happened = False
        self._number = number
        self._strike = strike
        self.task = asyncio.create_task(stepped(work, self._look))

    def _look(self, number: int) -> None:
        if number == self._number:
            self.happened = True
            (self._strike or self.task.cancel)()

    async def outcome(self) -> Any:
        """What it returned, or what it raised."""
        await asyncio.wait([self.task])
        if self.task.cancelled():
            return asyncio.CancelledError()
        return self.task.exception() or self.task.result()
