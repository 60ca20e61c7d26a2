"""The gate of starts: requests that begin together pass it one after another, one in each turn of the loop."""

from __future__ import annotations

import asyncio
from collections import deque
from weakref import WeakKeyDictionary

__all__ = ["pass_gate"]


async def pass_gate() -> None:
    """Wait for a turn of the running event loop in which no other task starts a request.

    To make a request takes part of a millisecond. Without a gate, hundreds that begin together
    would hold the loop until the last is made, and none would get its answer before. With it, each
    is sent as soon as it is made, and between two of them the loop reads what has arrived for
    streams that run. Tasks pass in the order in which they came.

    A task that has not waited since it passed the gate does not wait again.
    """
    loop = asyncio.get_running_loop()
    gate = _gates.get(loop)
    if gate is None:
        gate = _gates[loop] = _Gate()
    task = asyncio.current_task(loop)
    if task is not gate.passed:
        await gate.turn(loop, task)


class _Gate:
    """The gate of one event loop.

    Nobody holds it: the next turn comes whatever has become of the task that passed in this one.

    Attributes:
        passed: The task that passed in the present turn of the loop, if there is one.
    """

    def __init__(self) -> None:
        self.passed: asyncio.Task[object] | None = None
        self._is_open = True
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def turn(
        self, loop: asyncio.AbstractEventLoop, task: asyncio.Task[object] | None
    ) -> None:
        """Wait until the task may pass."""
        if self._is_open:
            self._is_open = False
            loop.call_soon(self._next, loop)
        else:
            place = loop.create_future()
            self._waiting.append(place)
            await place
        self.passed = task

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the next task pass in the turn that follows."""
        self.passed = None
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():  # as it is where its task was cancelled
                place.set_result(None)
                loop.call_soon(self._next, loop)
                return
        self._is_open = True


_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, _Gate] = WeakKeyDictionary()
