"""The contract of counters: the usage of each caller within its limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from attrs import field, frozen

from modelwire_gateway.access.periods import Period

__all__ = [
    "Allowance",
    "Counters",
    "CountersUnavailable",
    "Demand",
    "LimitName",
    "ReachedLimit",
    "Reservation",
    "Spending",
]

LimitName = Literal[
    "requests_per_minute", "tokens_per_minute", "concurrency", "budget_day", "budget_month"
]


@frozen
class Allowance:
    """The limits of a caller, with budgets in nano-dollars; `None` is no limit.

    Attributes:
        budgeted: Whether there is a budget.
    """

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None
    budget_day: int | None = None
    budget_month: int | None = None

    budgeted: bool = field(init=False, eq=False, repr=False)

    @budgeted.default
    def _budgeted(self) -> bool:
        return self.budget_day is not None or self.budget_month is not None


@frozen
class Demand:
    """The demand of one request.

    Attributes:
        caller: The caller's id.
        allowance: What the caller may use.
        tokens: Tokens that the request may use.
        cost: Nano-dollars that it may cost.
        period: The day and month in which it begins.
    """

    caller: str
    allowance: Allowance
    tokens: int
    cost: int
    period: Period


@frozen
class Spending:
    """The spending of a caller, in nano-dollars.

    Attributes:
        period: The day and month.
        day: In the day.
        month: In the month.
    """

    period: Period
    day: int
    month: int


@frozen
class Reservation:
    """The amounts reserved for an admitted request.

    Attributes:
        id: Its id.
        caller: The caller's id.
        second: The second of the counters' clock in which the tokens were counted.
        tokens: The tokens that were counted.
        cost: The nano-dollars that are set aside.
    """

    id: str
    caller: str
    second: int
    tokens: int
    cost: int


@frozen
class ReachedLimit:
    """A limit that leaves no room for a request.

    Attributes:
        limit: Which.
        retry_after: Seconds until there may be room, or `None` where it depends on the calendar.
    """

    limit: LimitName
    retry_after: float | None


class Counters(Protocol):
    """Counters that many requests use at the same time.

    Within any 60 seconds, no more requests begin than a caller's limit, and no more tokens are set
    aside. A budget is used up once what was spent and what is set aside reach it.

    Attributes:
        wait: Whether a call may wait for something; what does not wait cannot be interrupted.
    """

    wait: bool

    async def reserve(self, demand: Demand) -> Reservation | ReachedLimit | None:
        """Reserve the demand of a request, all of it or nothing.

        Args:
            demand: Its demand.

        Returns:
            What was set aside, the limit that is full, or `None` where there is a budget and what was
            spent is not known; then `learn_spending` comes first.

        Raises:
            CountersUnavailable: The counters cannot be reached.
        """
        ...

    async def learn_spending(self, caller: str, spent: Spending) -> None:
        """Take over what a caller has spent; what is known already stays.

        Raises:
            CountersUnavailable: The counters cannot be reached.
        """
        ...

    async def settle(
        self, reservation: Reservation, tokens: int, cost: int, period: Period
    ) -> None:
        """Replace what was set aside by what was used.

        Args:
            reservation: What was set aside.
            tokens: The tokens that were used.
            cost: The nano-dollars that were spent.
            period: The day and month in which the request ended.

        Raises:
            CountersUnavailable: The counters cannot be reached.
        """
        ...

    async def renew(self, reservations: Sequence[Reservation]) -> None:
        """Say that requests are still running; what is not renewed is released.

        Raises:
            CountersUnavailable: The counters cannot be reached.
        """
        ...

    async def forget_spending(self, callers: Sequence[str]) -> None:
        """Drop the known spending of callers, so that `reserve` reads it again.

        Raises:
            CountersUnavailable: The counters cannot be reached.
        """
        ...

    async def cool_down(self, model: str, seconds: float) -> None:
        """Keep a model of a group out of the choice for a while.

        Raises:
            CountersUnavailable: The counters cannot be reached.
        """
        ...

    async def cooling(self, models: Sequence[str]) -> frozenset[str]:
        """Which of the models are kept out of the choice.

        Raises:
            CountersUnavailable: The counters cannot be reached.
        """
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class CountersUnavailable(Exception):
    """The counters cannot be reached."""
