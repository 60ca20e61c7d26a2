"""Cancellation of a wait from outside: by a deadline or by `cancel`.

`asyncio.timeout` cannot be used around the body of an asynchronous generator: it would also cancel
its consumer's own code, which runs while the generator is suspended at a `yield`. The class here
knows whether the generator is waiting or has handed control over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType

from modelwire.errors import ModelwireError, RequestTimeout
from modelwire.transport.deadlines import ANOTHER_TURN

__all__ = ["Cancellation"]


class Cancellation:
    """Ends one generator's waiting with an error.

    The generator runs inside `guard`, and calls `enter` before it waits and `leave` before it yields.
    `trigger` may be called at any time in between, by any code in the same loop.

    Attributes:
        error: The error that it was triggered with, or `None`.
    """

    def __init__(self) -> None:
        self.error: ModelwireError | None = None
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._cancelled = False
        self._timers: dict[str, asyncio.TimerHandle] = {}

    @property
    def pending(self) -> bool:
        """Whether a deadline is set that may still end a wait, or has ended one."""
        return bool(self._timers) or self.error is not None

    def arm(self, phase: str, seconds: float | None, *, spent: float = 0.0) -> None:
        """Trigger after some seconds, with a `RequestTimeout` in that phase; never, for `None`.

        Args:
            phase: The name of the deadline.
            seconds: The limit.
            spent: How many of these seconds have passed.
        """
        if seconds is None:
            return
        loop = asyncio.get_running_loop()

        def end() -> None:
            self.trigger(RequestTimeout.in_phase(phase, seconds))

        def look() -> None:
            # Where the program held the loop, what came meanwhile is taken in first.
            self._timers[phase] = loop.call_later(ANOTHER_TURN, end)

        self._timers[phase] = loop.call_later(
            max(0.0, seconds - spent), end if phase == "total" else look
        )

    def lift(self, phase: str) -> None:
        """Remove one deadline."""
        timer = self._timers.pop(phase, None)
        if timer is not None:
            timer.cancel()

    def disarm(self) -> None:
        """Remove all deadlines."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
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
        self._task = task = asyncio.current_task()
        self._cancelling = task.cancelling() if task is not None else 0

    def leave(self) -> None:
        """The generator is about to hand control to its consumer.

        Raises:
            ModelwireError: It was triggered, and the waiting code ignored the cancellation.
        """
        error = None if self.error is None else self._translate()
        self._task = None
        if error is not None:
            raise error

    def guard(self) -> _Guard:
        """Raise the trigger's error in place of the cancellation that ends a wait.

        Any other cancellation passes, and so does every other error.

        Raises:
            ModelwireError: It was triggered while the generator waited.
        """
        return _Guard(self._translate)

    def _translate(self) -> ModelwireError | None:
        """The error behind a cancellation; `None` if it has another cause."""
        if self.error is None or self._task is None:
            return None
        task, self._task = self._task, None
        remaining = task.uncancel() if self._cancelled else task.cancelling()
        return self.error if remaining <= self._cancelling else None

    def _cancel(self) -> None:
        if self._task is not None:
            self._cancelled = True
            self._task.cancel()


class _Guard:
    """The context of `Cancellation.guard`; a class, since each request enters several."""

    __slots__ = ("_translate",)

    def __init__(self, translate: Callable[[], ModelwireError | None]) -> None:
        self._translate = translate

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(raised, asyncio.CancelledError):
            error = self._translate()
            if error is not None:
                raise error from None
        elif isinstance(raised, ModelwireError):
            # A plugin may have made an error of its own out of being cancelled.
            error = self._translate()
            if error is not None and error is not raised:
                raise error from raised
