"""Ending a wait from outside: by a deadline, or because somebody called `cancel`.

`asyncio.timeout` cannot be used around the body of an asynchronous generator: it would also cancel
its consumer's own code, which runs while the generator is suspended at a `yield`. This one knows
whether the generator is waiting or has handed control over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from modelwire.errors import ModelwireError

__all__ = ["Interrupt"]


class Interrupt:
    """Ends one generator's waiting with an error.

    The generator calls `enter` before it waits, `leave` before it yields, and `translate` when it
    was cancelled. `trigger` may be called at any time in between, by anybody in the same loop.

    Attributes:
        error: What it was triggered with, or `None`.
    """

    def __init__(self) -> None:
        self.error: ModelwireError | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._cancelled = False
        self._timer: asyncio.TimerHandle | None = None

    def arm(self, seconds: float | None, make_error: Callable[[], ModelwireError]) -> None:
        """Trigger after some seconds; never, for `None`."""
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(seconds, lambda: self.trigger(make_error()))

    def disarm(self) -> None:
        """Forget the deadline."""
        if self._timer is not None:
            self._timer.cancel()
        self._task = None

    def trigger(self, error: ModelwireError) -> None:
        """End the wait with `error`, or the next one if the generator is not waiting."""
        if self.error is not None:
            return
        self.error = error
        if self._task is None:
            return
        loop = self._task.get_loop()
        if self._task is asyncio.current_task(loop):
            # What the generator waits for has called this. A task that is cancelled while it runs
            # is cancelled at its next wait, whatever that is: before Python 3.13, `uncancel` does
            # not take that back. So it is cancelled only if it comes to wait for something first.
            loop.call_soon(self._cancel)
        else:
            self._cancel()

    def enter(self) -> None:
        """The generator is about to wait.

        Raises:
            ModelwireError: It was triggered while the generator was not waiting.
        """
        if self.error is not None:
            raise self.error
        task = asyncio.current_task()
        if task is not self._task:
            self._task = task
            self._cancelling = task.cancelling() if task is not None else 0

    def leave(self) -> None:
        """The generator is about to hand control to its consumer.

        Raises:
            ModelwireError: It was triggered, and what waited took no notice.
        """
        error = self.translate()
        self._task = None
        if error is not None:
            raise error

    def translate(self) -> ModelwireError | None:
        """The error that a cancellation stands for; `None` if it came from somewhere else."""
        if self.error is None or self._task is None:
            return None
        task, self._task = self._task, None
        remaining = task.uncancel() if self._cancelled else task.cancelling()
        return self.error if remaining <= self._cancelling else None

    def _cancel(self) -> None:
        if self._task is not None:
            self._cancelled = True
            self._task.cancel()
