"""Access by keys and AWS identities: authentication, permissions and limits."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Final

from attrs import evolve, field, frozen

from modelwire.messages import Usage
from modelwire.models import Model
from modelwire_gateway.access.aws_identities import AwsIdentities
from modelwire_gateway.access.aws_token import TOKEN_PREFIX
from modelwire_gateway.access.caller import (
    Access,
    Admission,
    Caller,
    Estimate,
    Limits,
    Refusal,
    RequestRefused,
    credential_of,
)
from modelwire_gateway.access.counters import (
    Allowance,
    Counters,
    CountersUnavailable,
    Demand,
    LimitName,
    ReachedLimit,
    Reservation,
)
from modelwire_gateway.access.keychain import INVALID_KEY, Keychain
from modelwire_gateway.access.money import to_nanodollars
from modelwire_gateway.access.periods import Period
from modelwire_gateway.storage.usage import UsageLog

__all__ = ["AccessControl"]

_log = logging.getLogger("modelwire_gateway.limits")

_USUAL_OUTPUT: Final = 4096
"""The expected maximum of tokens of an answer, where the request does not limit it."""
_RENEWAL_SECONDS: Final = 20.0
_LOOKS: Final = 3
"""How often spending is read, where it is forgotten again meanwhile."""

_LEFT: Final[Mapping[LimitName, str]] = {
    "requests_per_minute": "{limits.requests_per_minute} requests a minute",
    "tokens_per_minute": "{limits.tokens_per_minute} tokens a minute",
    "concurrency": "{limits.concurrency} requests at a time",
    "budget_day": "{limits.budget_day:g} USD a day (UTC)",
    "budget_month": "{limits.budget_month:g} USD a month (UTC)",
}
_CODES: Final[Mapping[LimitName, Refusal]] = {
    "requests_per_minute": "rate_limited",
    "tokens_per_minute": "rate_limited",
    "concurrency": "rate_limited",
    "budget_day": "budget_used_up",
    "budget_month": "budget_used_up",
}


@frozen(eq=False)
class _CountedAdmission:
    """The admission of a request that is counted, until its usage is known."""

    caller: Caller
    model: str
    reservation: Reservation | None
    control: AccessControl = field(repr=False)

    @property
    def metadata(self) -> Mapping[str, str]:
        """The labels of every caller, and those of this one."""
        if not (self.control.labels or self.caller.labels):
            return {}
        about = {"id": self.caller.id, "name": self.caller.name, "owner": self.caller.owner or ""}
        every = {name: text.format(**about) for name, text in self.control.labels.items()}
        return {name: text for name, text in every.items() if text} | dict(self.caller.labels)

    async def settle(
        self, usage: Usage | None, cost: float | None, *, model: str | None = None
    ) -> None:
        """Count the usage, to the end even if the waiting caller leaves."""
        answered = self
        if model not in (None, self.model):
            answered = evolve(self, model=model)
        await self.control.settle(answered, usage, cost)


class AccessControl:
    """Lets callers in by the keys that are stored.

    Args:
        keys: The keys in force.
        counters: What callers have used of their limits.
        usage: What callers have used at all.
        aws: Lets AWS identities in; `None` lets none in.
        labels: Labels that the provider gets with the requests of every caller; `{id}`, `{name}` and
            `{owner}` in them are the caller's.
        timeout: Seconds after which the database is no longer waited for.
        clock: Seconds since 1970.

    Attributes:
        labels: The labels of every caller.
        local: A further key of the process's own, for a caller without limits, or `None`.
    """

    def __init__(
        self,
        keys: Keychain,
        counters: Counters,
        usage: UsageLog,
        *,
        aws: AwsIdentities | None = None,
        labels: Mapping[str, str] | None = None,
        timeout: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._counters = counters
        self._usage = usage
        self.local: Access | None = None
        self._aws = aws
        self.labels: Mapping[str, str] = labels or {}
        self._timeout = timeout
        self._clock = clock
        self._running: dict[str, Reservation] = {}
        self._learning: dict[str, asyncio.Task[None]] = {}
        self._settling: set[asyncio.Task[None]] = set()

    async def authenticate(self, headers: Mapping[str, str]) -> Caller:
        """Find the caller by the key or the AWS identity in a request's header.

        Raises:
            RequestRefused: There is no key, or it is not good (401), the identity may not call (403), or
                nothing can be checked (503).
        """
        if self.local is not None:
            with contextlib.suppress(RequestRefused):
                return await self.local.authenticate(headers)
        credential = credential_of(headers)
        if credential is None:
            raise RequestRefused(401, "unauthorized", INVALID_KEY)
        if self._aws is not None and credential.startswith(TOKEN_PREFIX):
            return await self._aws.authenticate(credential)
        return (await self._keys.authenticate(credential)).caller

    def may_call(self, caller: Caller, name: str, reference: str) -> bool:
        """Whether the name or the reference of a model is among those that a caller may call."""
        return not caller.models or any(
            fnmatchcase(name, pattern) or fnmatchcase(reference, pattern)
            for pattern in caller.models
        )

    async def admit(
        self, caller: Caller, model: Model, estimate: Estimate, *, name: str
    ) -> Admission:
        """Admit a request, and reserve its maximum usage.

        Raises:
            RequestRefused: The caller may not call the model or its price is not known (403), a limit or
                budget leaves no room (429), or limits cannot be checked (503).
        """
        reference = str(model.ref)
        if not self.may_call(caller, name, reference):
            msg = f"This key may not call the model {name!r}."
            raise RequestRefused(403, "model_not_allowed", msg)
        reservation = None
        if caller.allowance is not None:
            demand = self._demand(caller, caller.allowance, model, estimate, name)
            reservation = await self._reserve(caller, demand)
            self._running[reservation.id] = reservation
        return _CountedAdmission(caller, reference, reservation, self)

    async def settle(
        self, admission: _CountedAdmission, usage: Usage | None, cost: float | None
    ) -> None:
        """Count what a request has used, and give free what was set aside for it."""
        if not self._counters.wait:
            await self._settle(admission, usage, cost)
            return
        task = asyncio.create_task(self._settle(admission, usage, cost))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
        await asyncio.shield(task)

    async def keep_renewing(self) -> None:
        """Renew the running requests about every 20 seconds, until cancelled."""
        while True:
            await asyncio.sleep(_RENEWAL_SECONDS)
            try:
                await self._counters.renew(list(self._running.values()))
            except CountersUnavailable:
                _log.warning("Running requests cannot be renewed in the shared limits.")

    async def aclose(self) -> None:
        """Wait until everything that has ended is counted."""
        await asyncio.gather(*self._settling, *self._learning.values(), return_exceptions=True)

    async def _reserve(self, caller: Caller, demand: Demand) -> Reservation:
        try:
            reserved = await self._counters.reserve(demand)
            for _ in range(_LOOKS):
                if reserved is not None:
                    break
                await self._learn_spending(caller.id)
                demand = evolve(demand, period=Period.at(self._clock()))
                reserved = await self._counters.reserve(demand)
        except CountersUnavailable as error:
            raise _uncountable("The limits of this key") from error
        if isinstance(reserved, Reservation):
            return reserved
        if reserved is None:
            raise _uncountable("The budget of this key")
        raise self._refusal(reserved, caller.limits)

    def _demand(
        self, caller: Caller, allowance: Allowance, model: Model, estimate: Estimate, name: str
    ) -> Demand:
        output = estimate.output_tokens
        if output is None:
            output = min(model.max_tokens or _USUAL_OUTPUT, _USUAL_OUTPUT)
        tokens = estimate.input_tokens + output
        if allowance.tokens_per_minute is not None:
            # What is larger than the limit waits until it has the minute for itself.
            tokens = min(tokens, allowance.tokens_per_minute)
        cost = 0
        if allowance.budgeted:
            expected = Usage(input=estimate.input_tokens, output=output)
            cost = _expected_cost(caller.limits, model, expected, name)
        return Demand(caller.id, allowance, tokens, cost, Period.at(self._clock()))

    async def _learn_spending(self, caller: str) -> None:
        """Read what a caller has spent, once for all requests that wait for it."""
        task = self._learning.get(caller)
        if task is None:
            task = self._learning[caller] = asyncio.create_task(self._learn(caller))
            task.add_done_callback(lambda done: self._learned(caller, done))
        await asyncio.shield(task)

    async def _learn(self, caller: str) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                spent = await self._usage.spending(caller)
        except Exception as error:
            _log.warning("Spending cannot be read: %s", type(error).__name__)
            raise _uncountable("The budget of this key") from error
        # Nothing is waited for in between, so that nothing is spent that neither of them knows.
        await self._counters.learn_spending(caller, spent)

    def _learned(self, caller: str, task: asyncio.Task[None]) -> None:
        self._learning.pop(caller, None)
        if not task.cancelled():
            # The caller may have left, so the exception is marked as retrieved.
            task.exception()

    def _refusal(self, reached: ReachedLimit, limits: Limits) -> RequestRefused:
        now = self._clock()
        period = Period.at(now)
        wait = reached.retry_after
        if wait is None:
            month = reached.limit == "budget_month"
            wait = (period.seconds_of_month_left if month else period.seconds_of_day_left)(now)
        left = _LEFT[reached.limit].format(limits=limits)
        msg = f"This key has used up its limit of {left}. Try again in {math.ceil(wait)} s."
        return RequestRefused(429, _CODES[reached.limit], msg, retry_after=wait)

    async def _settle(
        self, admission: _CountedAdmission, usage: Usage | None, cost: float | None
    ) -> None:
        if usage is not None:
            self._usage.record(admission.caller, admission.model, usage, cost)
        reserved = admission.reservation
        if reserved is None:
            return
        self._running.pop(reserved.id, None)
        used = usage or Usage()
        # Nothing is waited for between the record and counters in memory, so that spending that is
        # read from the database has both or neither.
        try:
            await self._counters.settle(
                reserved,
                used.total_tokens - used.cache_read,
                to_nanodollars(cost or 0.0),
                Period.at(self._clock()),
            )
        except CountersUnavailable:
            _log.warning("A request cannot be settled in the shared limits.")


def _expected_cost(limits: Limits, model: Model, expected: Usage, name: str) -> int:
    cost = None if model.prices is None else model.prices.cost_of(expected)
    if cost is None and not limits.unpriced and not model.local:
        msg = f"The price of {name!r} is not known, and this key has a budget."
        raise RequestRefused(403, "price_unknown", msg)
    return 0 if cost is None else to_nanodollars(cost.total)


def _uncountable(what: str) -> RequestRefused:
    msg = f"{what} cannot be checked at the moment."
    return RequestRefused(503, "unavailable", msg, retry_after=2.0)
