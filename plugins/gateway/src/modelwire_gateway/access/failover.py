"""Shared counters with an answer for the time when they cannot be reached."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from modelwire_gateway.access.counters import (
    Counters,
    CountersUnavailable,
    Demand,
    ReachedLimit,
    Reservation,
    Spending,
)
from modelwire_gateway.access.periods import Period

__all__ = ["FailoverCounters", "SharedCounters"]

_log = logging.getLogger("modelwire_gateway.limits")

_PROBE_SECONDS: Final = 0.5


class SharedCounters(Counters, Protocol):
    """Counters on a server."""

    async def ping(self) -> None:
        """Ask whether the server is there.

        Raises:
            CountersUnavailable: It is not.
        """
        ...


class FailoverCounters:
    """Counters on a server, and what happens while it cannot be reached.

    Open, each replica counts by itself, so that a caller gets a limit from each; closed, requests of
    callers with limits are refused. After an outage the callers' spending is read from the database.

    Args:
        shared: The counters on a server.
        local: The counters of this process, for when it cannot be reached; `None` refuses.
        flush: Writes the usage of this process to the database; `False` where that fails.

    Attributes:
        down: Whether the server is not used, since it could not be reached.
    """

    wait = True

    def __init__(
        self,
        shared: SharedCounters,
        local: Counters | None,
        flush: Callable[[], Awaitable[bool]],
    ) -> None:
        self._shared = shared
        self._local = local
        self._flush = flush
        self.down = False
        self._outdated: set[str] = set()
        self._reserved_here: set[str] = set()

    @property
    def usable(self) -> bool:
        """Whether limits can be held, on the server or here."""
        return not self.down or self._local is not None

    async def reserve(self, demand: Demand) -> Reservation | ReachedLimit | None:
        """Reserve the demand of a request, on the server or else here."""
        if not self.down:
            try:
                return await self._shared.reserve(demand)
            except CountersUnavailable as error:
                self._lost(error)
        local = self._require_local()
        reserved = await local.reserve(demand)
        if isinstance(reserved, Reservation):
            self._reserved_here.add(reserved.id)
            self._outdated.add(demand.caller)
        return reserved

    async def learn_spending(self, caller: str, spent: Spending) -> None:
        """Take over what a caller has spent, on the server or else here."""
        if not self.down:
            try:
                await self._shared.learn_spending(caller, spent)
            except CountersUnavailable as error:
                self._lost(error)
            else:
                return
        await self._require_local().learn_spending(caller, spent)

    async def settle(
        self, reservation: Reservation, tokens: int, cost: int, period: Period
    ) -> None:
        """Replace what was set aside by what was used, wherever it was set aside."""
        if reservation.id in self._reserved_here and self._local is not None:
            self._reserved_here.discard(reservation.id)
            await self._local.settle(reservation, tokens, cost, period)
        if self.down:
            self._outdated.add(reservation.caller)
            return
        try:
            await self._shared.settle(reservation, tokens, cost, period)
        except CountersUnavailable as error:
            self._outdated.add(reservation.caller)
            self._lost(error)

    async def renew(self, reservations: Sequence[Reservation]) -> None:
        """Say that requests are still running."""
        shared = [one for one in reservations if one.id not in self._reserved_here]
        await self._update_shared(lambda: self._shared.renew(shared))

    async def forget_spending(self, callers: Sequence[str]) -> None:
        """Forget what callers have spent."""
        self._outdated.update(callers)
        await self._update_shared(lambda: self._shared.forget_spending(callers))

    async def cool_down(self, model: str, seconds: float) -> None:
        """Keep a model of a group out of the choice for a while."""
        if self._local is not None:
            await self._local.cool_down(model, seconds)
        await self._update_shared(lambda: self._shared.cool_down(model, seconds))

    async def cooling(self, models: Sequence[str]) -> frozenset[str]:
        """Which of the models are kept out of the choice."""
        if not self.down:
            try:
                return await self._shared.cooling(models)
            except CountersUnavailable as error:
                self._lost(error)
        return frozenset() if self._local is None else await self._local.cooling(models)

    async def keep_watch(self) -> None:
        """After an outage, use the server again once it is there, until it is cancelled."""
        while True:
            await asyncio.sleep(_PROBE_SECONDS)
            if self.down:
                await self._try_return()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._shared.aclose()

    async def _try_return(self) -> None:
        outdated = set(self._outdated)
        try:
            await self._shared.ping()
            # What was spent meanwhile is in the database before it is read from there.
            if outdated and not await self._flush():
                return
            await self._shared.forget_spending(sorted(outdated))
        except CountersUnavailable:
            return
        if self._local is not None:
            await self._local.forget_spending(sorted(outdated))
        self._outdated -= outdated
        self.down = False
        _log.warning("The shared limits can be reached again.")

    async def _update_shared(self, update: Callable[[], Awaitable[None]]) -> None:
        if self.down:
            return
        try:
            await update()
        except CountersUnavailable as error:
            self._lost(error)

    def _lost(self, error: CountersUnavailable) -> None:
        if not self.down:
            _log.warning(
                "The shared limits cannot be reached (%s); %s.",
                type(error.__cause__).__name__,
                "requests with limits are refused" if self._local is None else "they are held here",
            )
        self.down = True

    def _require_local(self) -> Counters:
        if self._local is None:
            msg = "The shared limits cannot be reached."
            raise CountersUnavailable(msg)
        return self._local
