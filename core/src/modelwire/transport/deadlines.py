"""Deadlines of a request, and the watchdog of reads of a response body."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, fields, frozen

if TYPE_CHECKING:
    import asyncio

__all__ = ["ANOTHER_TURN", "Deadlines", "ReadWatch"]


@frozen(eq=False)
class _Default:
    """The default of a limit that was not given; there is one object for each number of seconds.

    So two are compared without a call, which happens many times in each request.
    """

    seconds: float | None

    def __repr__(self) -> str:
        return repr(self.seconds)

    def __reduce__(self) -> tuple[Callable[[float | None], _Default], tuple[float | None]]:
        return _default, (self.seconds,)


@lru_cache(maxsize=16)
def _default(seconds: float | None) -> Any:
    return _Default(seconds)


def _seconds(limit: float | _Default | None) -> float | None:
    return limit.seconds if isinstance(limit, _Default) else limit


@frozen(repr=False, cache_hash=True)
class Deadlines:
    """Limits on waiting, in seconds; `None` means no limit.

    Only waiting counts: the time that a slow consumer spends between two reads is its own. Each
    limit that passes raises a `RequestTimeout` whose `phase` is the attribute's name.

    A limit that is not given comes from the next place: the order is the call, the configuration,
    the `Transport`, and the default.
    """

    # The aliases are written out, since not every type checker takes the underscores away.
    _connect: float | None = field(default=_default(10.0), alias="connect")
    _first_byte: float | None = field(default=_default(300.0), alias="first_byte")
    _first_event: float | None = field(default=_default(None), alias="first_event")
    _idle: float | None = field(default=_default(300.0), alias="idle")
    _total: float | None = field(default=_default(None), alias="total")

    def __repr__(self) -> str:
        limits = (f"{name}={getattr(self, name)!r}" for name in _NAMES)
        return f"Deadlines({', '.join(limits)})"

    @property
    def connect(self) -> float | None:
        """Seconds to establish a connection: name resolution, TCP, a proxy's CONNECT and TLS.

        Waiting for a free connection of a limited pool does not count.
        """
        return _seconds(self._connect)

    @property
    def first_byte(self) -> float | None:
        """Seconds from the connection to the first byte of the response's body.

        Sending the request is part of it, so a server that stops reading it is detected too.
        """
        return _seconds(self._first_byte)

    @property
    def first_event(self) -> float | None:
        """Seconds from the call of a model to its first event, with tries and waits between.

        It begins again with each fallback. Bytes that make no event do not count. The runtime
        enforces it, whatever the plugin does; a `Transport` alone does not.
        """
        return _seconds(self._first_event)

    @property
    def idle(self) -> float | None:
        """Seconds between two reads of the body."""
        return _seconds(self._idle)

    @property
    def total(self) -> float | None:
        """Seconds for the whole answer, from the call to the end of the body.

        The runtime counts retries into it, and fallbacks where the call itself gave the limit.
        """
        return _seconds(self._total)

    def with_defaults(self, other: Deadlines) -> Deadlines:
        """These limits, with missing ones taken from another object."""
        return _completed(self, other)


@lru_cache(maxsize=256)
def _completed(own: Deadlines, other: Deadlines) -> Deadlines:
    missing = {
        name: getattr(other, f"_{name}")
        for name in _NAMES
        if isinstance(getattr(own, f"_{name}"), _Default)
    }
    return evolve(own, **missing) if missing else own


_NAMES = tuple(each.name.removeprefix("_") for each in fields(Deadlines))


ANOTHER_TURN = 0.001
"""A few seconds, in which the loop completes another iteration."""


class ReadWatch:
    """Detects that a read of the body takes too long.

    A reader calls `waiting` before each read and `arrived` after it, which costs little more than a
    look at the clock: the timer is not moved with each read. It only never fires later than the
    read that is under way is due, and looks, when it fires, whether that one is still waiting.

    A program may have blocked the loop meanwhile. Then data may wait in the socket, and the
    loop may run the timer before the reader; so the verdict waits for one more iteration.

    Args:
        deadlines: The limits, in seconds.
        connected_at: When the connection was established, by the loop's clock.
        total_at: When the whole answer is due, by the loop's clock, or `None`.
        expire: Called once with the phase that took too long and its limit.
    """

    __slots__ = (
        "_clock",
        "_due",
        "_due_before",
        "_expire",
        "_first_byte_at",
        "_idle",
        "_limits",
        "_loop",
        "_phase",
        "_timer",
        "_timer_at",
        "_total_at",
    )

    def __init__(
        self,
        deadlines: Deadlines,
        *,
        connected_at: float,
        total_at: float | None,
        expire: Callable[[str, float], None],
    ) -> None:
        import asyncio  # a name from it would be looked for longer

        self._loop = asyncio.get_running_loop()
        self._clock = self._loop.time
        self._limits = deadlines
        self._first_byte_at = connected_at + _limit(deadlines.first_byte)
        self._idle = _limit(deadlines.idle)
        self._total_at = _limit(total_at)
        self._expire = expire
        self._phase = "first_byte"
        self._due: float | None = None
        self._due_before: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf

    def waiting(self) -> None:
        """Mark the beginning of a read."""
        due = self._clock() + self._idle if self._phase == "idle" else self._first_byte_at
        self._due = due
        if self._timer is None or due < self._timer_at:
            self._set_timer(due)

    def arrived(self) -> None:
        """Mark the end of a read."""
        self._due = None
        self._phase = "idle"

    def stop(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self, when: float) -> None:
        self.stop()
        self._timer_at = when = min(when, self._total_at)
        if when < math.inf:
            self._timer = self._loop.call_at(when, self._look)

    def _look(self) -> None:
        now = self._clock()
        if now >= self._total_at:
            self._expire("total", self._limits.total or 0.0)
        elif self._due is None:
            # A wait that begins from now on cannot be overdue before this.
            self._set_timer(now + self._idle)
        elif now < self._due:
            self._set_timer(self._due)
        elif self._due != self._due_before:
            self._due_before = self._due
            self._set_timer(now + ANOTHER_TURN)
        elif self._phase == "idle":
            self._expire("idle", self._idle)
        else:
            self._expire("first_byte", self._limits.first_byte or 0.0)


def _limit(seconds: float | None) -> float:
    return math.inf if seconds is None else seconds
