"""Counters in the memory of one process."""

from __future__ import annotations

import itertools
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from attrs import Factory, define

from modelwire_gateway.access.counters import Allowance, Demand, ReachedLimit, Reservation, Spending
from modelwire_gateway.access.periods import Period

__all__ = ["WINDOW_SECONDS", "MemoryCounters"]

WINDOW_SECONDS: Final = 61
"""Seconds that a count takes part in a minute, since the clock of the counts has whole seconds."""

_MOST_CALLERS: Final = 10_000
"""Callers that are remembered; beyond, those that are idle longest are read from the database again."""


@define
class _Window:
    """Counts of the last minute, by the second."""

    counts: OrderedDict[int, int] = Factory(OrderedDict)
    total: int = 0

    def forget_before(self, second: int) -> None:
        while self.counts and (oldest := next(iter(self.counts))) <= second - WINDOW_SECONDS:
            self.total -= self.counts.pop(oldest)

    def add(self, second: int, amount: int) -> None:
        self.counts[second] = self.counts.get(second, 0) + amount
        self.total += amount

    def correct(self, second: int, amount: int) -> None:
        """Change a count that is still part of the minute."""
        if second in self.counts:
            self.add(second, amount)

    def wait_for(self, amount: int, limit: int, now: float) -> float:
        """Seconds until there is room for an amount, for which there is none now."""
        over = self.total + amount - limit
        for second, count in self.counts.items():
            over -= count
            if over <= 0:
                return second + WINDOW_SECONDS - now
        return float(WINDOW_SECONDS)


@define
class _Use:
    """The usage of one caller."""

    requests: _Window = Factory(_Window)
    tokens: _Window = Factory(_Window)
    running: dict[str, int] = Factory(dict)
    held: int = 0
    period: Period | None = None
    spent_in_day: int = 0
    spent_in_month: int = 0


class MemoryCounters:
    """Counters in memory. They know nothing of other processes, and are lost with this one.

    Args:
        clock: Seconds, never set back.
    """

    wait = False

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._uses: OrderedDict[str, _Use] = OrderedDict()
        self._cooling: dict[str, float] = {}
        self._ids = itertools.count(1)

    async def reserve(self, demand: Demand) -> Reservation | ReachedLimit | None:
        """Reserve the demand of a request, all of it or nothing."""
        use = self._use_of(demand.caller)
        if demand.allowance.budgeted and not _is_known(use, demand.period):
            return None
        now = self._clock()
        second = math.floor(now)
        use.requests.forget_before(second)
        use.tokens.forget_before(second)
        full = _full(use, demand.allowance, demand.tokens, now)
        if full is not None:
            return full
        made = Reservation(str(next(self._ids)), demand.caller, second, demand.tokens, demand.cost)
        if demand.allowance.requests_per_minute is not None:
            use.requests.add(second, 1)
        if demand.allowance.tokens_per_minute is not None:
            use.tokens.add(second, demand.tokens)
        use.running[made.id] = demand.cost
        use.held += demand.cost
        return made

    async def learn_spending(self, caller: str, spent: Spending) -> None:
        """Take over what a caller has spent; what is known already stays."""
        use = self._use_of(caller)
        if not _is_known(use, spent.period):
            use.period = spent.period
            use.spent_in_day, use.spent_in_month = spent.day, spent.month

    async def settle(
        self, reservation: Reservation, tokens: int, cost: int, period: Period
    ) -> None:
        """Replace what was set aside by what was used."""
        use = self._use_of(reservation.caller)
        use.held -= use.running.pop(reservation.id, 0)
        use.tokens.correct(reservation.second, tokens - reservation.tokens)
        if use.period is not None:
            use.spent_in_day += cost if period.day == use.period.day else 0
            use.spent_in_month += cost if period.month == use.period.month else 0

    async def renew(self, reservations: Sequence[Reservation]) -> None:
        """Nothing to do: what runs in this process cannot be lost while the process is there."""

    async def forget_spending(self, callers: Sequence[str]) -> None:
        """Forget what callers have spent."""
        for caller in callers:
            self._use_of(caller).period = None

    async def cool_down(self, model: str, seconds: float) -> None:
        """Keep a model of a group out of the choice for a while."""
        self._cooling[model] = max(self._clock() + seconds, self._cooling.get(model, 0.0))

    async def cooling(self, models: Sequence[str]) -> frozenset[str]:
        """Which of the models are kept out of the choice."""
        now = self._clock()
        return frozenset(model for model in models if self._cooling.get(model, 0.0) > now)

    async def aclose(self) -> None:
        """Nothing to do."""

    def _use_of(self, caller: str) -> _Use:
        use = self._uses.get(caller)
        if use is None:
            use = self._uses[caller] = _Use()
            self._forget_idle()
        self._uses.move_to_end(caller)
        return use

    def _forget_idle(self) -> None:
        if len(self._uses) <= _MOST_CALLERS:
            return
        before = math.floor(self._clock())
        for caller in list(self._uses)[: len(self._uses) - _MOST_CALLERS]:
            use = self._uses[caller]
            use.requests.forget_before(before)
            use.tokens.forget_before(before)
            if not (use.running or use.requests.counts or use.tokens.counts):
                del self._uses[caller]


def _is_known(use: _Use, period: Period) -> bool:
    """Whether it is known what was spent in a period."""
    return use.period is not None and use.period.day >= period.day


def _full(use: _Use, allowance: Allowance, tokens: int, now: float) -> ReachedLimit | None:
    """The limit that leaves no room, if there is one."""
    most = allowance.requests_per_minute
    if most is not None and use.requests.total + 1 > most:
        return ReachedLimit("requests_per_minute", use.requests.wait_for(1, most, now))
    most = allowance.tokens_per_minute
    if most is not None and use.tokens.total + tokens > most:
        return ReachedLimit("tokens_per_minute", use.tokens.wait_for(tokens, most, now))
    if allowance.concurrency is not None and len(use.running) >= allowance.concurrency:
        return ReachedLimit("concurrency", 1.0)
    if allowance.budget_day is not None and use.spent_in_day + use.held >= allowance.budget_day:
        return ReachedLimit("budget_day", None)
    most = allowance.budget_month
    if most is not None and use.spent_in_month + use.held >= most:
        return ReachedLimit("budget_month", None)
    return None
