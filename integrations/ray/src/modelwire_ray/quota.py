"""Quotas of requests and tokens a minute that all actors of a cluster share."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence

import ray
from attrs import define, field
from ray.exceptions import RayError

from modelwire.errors import InvalidRequest
from modelwire_ray.schedule import Schedule

__all__ = ["Quota", "Turns"]


class _Keeper:
    """The schedule of a quota; an actor of its own, which all others call.

    It computes and never waits. After a restart it learns from each caller what was reserved.
    """

    def __init__(self, requests_per_minute: float | None, tokens_per_minute: float | None) -> None:
        self._schedule = Schedule(requests_per_minute, tokens_per_minute)
        self._name = uuid.uuid4().hex

    def take(
        self,
        tokens: Sequence[float],
        *,
        keeper: str | None,
        reserved: float,
        requests: float,
        further: float,
    ) -> tuple[str, list[float]]:
        """Reserve calls; return the name of this keeper, and in how many seconds each may start.

        Args:
            tokens: The tokens that each is expected to use.
            keeper: The name of the keeper with which the caller has reserved calls before.
            reserved: In how many seconds the last of them starts.
            requests: The requests that its calls made in addition to what was reserved.
            further: The tokens that they used in addition to what was reserved.
        """
        now = time.monotonic()
        if keeper not in {None, self._name}:
            self._schedule.resume(now + reserved)
        self._schedule.correct(requests=requests, tokens=further)
        return self._name, [self._schedule.take(each, now) - now for each in tokens]


class Quota:
    """A quota that the actors of all datasets share to whose `Ask` it is given.

    Calls are spaced evenly: no minute has more of them than the quota, and a provider sees no
    bursts. The tokens of a call are estimated from the calls before it, and corrected when they are
    known; retries count as requests. Reservations of an actor that dies are lost, and never made
    twice. It lasts as long as this object and the program that made it.

    Args:
        requests_per_minute: The requests of a minute, or `None` for no limit.
        tokens_per_minute: The tokens of a minute, of requests and answers, or `None` for no limit.
        tokens_per_call: The tokens of a call, as long as none was answered.

    Raises:
        InvalidRequest: A number is not greater than zero.
    """

    def __init__(
        self,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        tokens_per_call: float = 1000,
    ) -> None:
        for name, value in {
            "requests_per_minute": requests_per_minute,
            "tokens_per_minute": tokens_per_minute,
            "tokens_per_call": tokens_per_call,
        }.items():
            if value is not None and not value > 0:
                msg = f"{name} is {value}; it is greater than zero."
                raise InvalidRequest(msg, retryable=False)
        self.tokens_per_call = tokens_per_call
        keeper = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Keeper)
        self.actor = keeper.remote(requests_per_minute, tokens_per_minute)


@define(eq=False)
class Turns:
    """The calls of one actor that wait for their turn in a quota.

    One request to the quota covers all calls that have come since the request before.
    """

    _quota: Quota
    _expected: float = field(init=False)
    _answered: int = field(init=False, default=0)
    _waiting: list[tuple[float, asyncio.Future[float]]] = field(init=False, factory=list)
    _task: asyncio.Task[None] | None = field(init=False, default=None)
    _keeper: str | None = field(init=False, default=None)
    _reserved: float = field(init=False, default=0.0)
    _requests: float = field(init=False, default=0.0)
    _further: float = field(init=False, default=0.0)

    def __attrs_post_init__(self) -> None:
        self._expected = self._quota.tokens_per_call

    async def wait(self) -> float:
        """Wait until a call may start; return the tokens that are reserved for it.

        Raises:
            RayError: The program that made the quota has ended.
        """
        loop = asyncio.get_running_loop()
        expected = self._expected
        start: asyncio.Future[float] = loop.create_future()
        self._waiting.append((expected, start))
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._take())
        await asyncio.sleep(await start - loop.time())
        return expected

    def used(self, reserved: float, *, tokens: float, retries: int) -> None:
        """Record what a call has used."""
        self._requests += retries
        self._further += tokens - reserved
        if tokens:
            self._answered += 1
            self._expected += (tokens - self._expected) / min(self._answered, 100)

    async def _take(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            requests, self._requests = self._requests, 0.0
            further, self._further = self._further, 0.0
            try:
                self._keeper, delays = await self._quota.actor.take.remote(
                    [expected for expected, _ in waiting],
                    keeper=self._keeper,
                    reserved=max(0.0, self._reserved - loop.time()),
                    requests=requests,
                    further=further,
                )
            except RayError as error:
                for _, start in waiting:
                    if not start.done():
                        start.set_exception(error)
                continue
            starts = [loop.time() + delay for delay in delays]
            self._reserved = starts[-1]
            for (_, start), at in zip(waiting, starts, strict=True):
                if not start.done():
                    start.set_result(at)
