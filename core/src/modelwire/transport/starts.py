"""The gate of starts: lets a few of many simultaneous requests start every few loop iterations."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from weakref import WeakKeyDictionary, ref

__all__ = ["APART", "TOGETHER", "pass_gate"]

TOGETHER = 4
"""Starts in one turn of a loop. They hold it for a few milliseconds, and take a tenth less of processor
time than one start in each turn."""
APART = 4
"""Turns from such a group to the next. To connect and to send takes several turns, in which little else
should be done if the first answers are to come early."""


async def pass_gate() -> None:
    """Wait for an iteration of the running event loop in which few other tasks start a request.

    Making a request takes part of a millisecond. Without a gate, hundreds that begin together
    would block the loop until the last is made, and none would get its answer before. With it, each
    is sent soon after it is made, and every few of them the loop reads what has arrived for
    streams that run. Tasks pass in the order in which they came.

    A task that has not waited since it passed the gate does not wait again.
    """
    loop = asyncio.get_running_loop()
    gate = _gate_of(loop)
    task = asyncio.current_task(loop)
    if task is not gate.passed:
        await gate.turn(loop, task)


class _Gate:
    """The gate of one event loop.

    No task holds it: the next turn comes whatever happens to the tasks that passed in this one.

    Attributes:
        passed: The task that passed last in the current iteration of the loop, if there is one.
    """

    def __init__(self) -> None:
        self.passed: asyncio.Task[object] | None = None
        self._room = TOGETHER
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def turn(
        self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[object] | None
    ) -> None:
        """Wait until the task may pass."""
        if self._room:
            if self._room == TOGETHER:
                loop.call_soon(self._next, loop, APART)
            self._room -= 1
        else:
            place = loop.create_future()
            self._waiting.append(place)
            await place
        self.passed = task

    def _next(self, loop: asyncio.AbstractEventLoop, turns: int) -> None:
        """Let the next tasks pass after some turns.

        Where none waits, no turns are counted: each would wake a loop that may have nothing to do.
        """
        self.passed = None
        if self._waiting and turns > 1:
            loop.call_soon(self._next, loop, turns - 1)
            return
        self._room = TOGETHER
        while self._waiting and self._room:
            place = self._waiting.popleft()
            if not place.done():  # as it is where its task was cancelled
                place.set_result(None)
                self._room -= 1
        if self._room < TOGETHER:
            loop.call_soon(self._next, loop, APART)


def _gate_of(loop: asyncio.AbstractEventLoop) -> _Gate:
    global _last  # noqa: PLW0603 - most programs have one loop, and a look into `_gates` takes longer
    last, gate = _last
    if last() is loop and gate is not None:
        return gate
    gate = _gates.get(loop)
    if gate is None:
        gate = _gates[loop] = _Gate()
    _last = (ref(loop), gate)
    return gate


_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, _Gate] = WeakKeyDictionary()
_last: tuple[Callable[[], asyncio.AbstractEventLoop | None], _Gate | None] = (lambda: None, None)
"""The gate that was looked for last, and its loop."""
