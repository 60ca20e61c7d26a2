"""Counters in Valkey or Redis, which all replicas share."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from modelwire.errors import ConfigError
from modelwire_gateway.access.counters import (
    CountersUnavailable,
    Demand,
    ReachedLimit,
    Reservation,
    Spending,
)
from modelwire_gateway.access.periods import Period
from modelwire_gateway.storage.memory_counters import WINDOW_SECONDS

if TYPE_CHECKING:
    from redis.commands.core import AsyncScript

__all__ = ["LEASE_SECONDS", "ValkeyCounters"]

LEASE_SECONDS: Final = 60
"""How long what a lost replica was running counts as running."""

_T = TypeVar("_T")

_DAY_SECONDS: Final = 2 * 86_400
_MONTH_SECONDS: Final = 33 * 86_400
_CONNECTIONS: Final = 32
_SCRIPTS: Final = Path(__file__).parent / "scripts"
_HINT: Final = "Give valkey://host:6379/0, or rediss://user:password@host:6380/0 for TLS."


class ValkeyCounters:
    """Counters in Valkey or Redis. Each step is one script, so it happens as a whole or not at all.

    The clock is the server's. What a replica has set aside is given free a minute after that replica
    was lost.

    Args:
        url: Where the server is, such as `valkey://host:6379/0`.
        timeout: Seconds after which an answer is no longer waited for.
        prefix: What the names of all keys begin with.

    Raises:
        ConfigError: The URL cannot be read, or the client is not installed.
    """

    wait = True

    def __init__(self, url: str, *, timeout: float = 1.0, prefix: str = "modelwire") -> None:
        self._client, self._unreachable = _connect(url, timeout)
        self._prefix = prefix
        self._reserve = self._script("reserve")
        self._settle = self._script("settle")
        self._renew = self._script("renew")
        self._working: set[asyncio.Task[Any]] = set()

    async def reserve(self, demand: Demand) -> Reservation | ReachedLimit | None:
        """Reserve the demand of a request, all of it or nothing.

        Where it is cancelled, the server may have set it aside already: then it is given back.
        """
        reserving = self._task(self._reserved(demand))
        try:
            return await asyncio.shield(reserving)
        except asyncio.CancelledError:
            _ = self._task(self._give_back(reserving, demand.period))
            raise

    def _task(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        return task

    async def _give_back(
        self, reserving: asyncio.Task[Reservation | ReachedLimit | None], period: Period
    ) -> None:
        with contextlib.suppress(CountersUnavailable):
            if isinstance(reserved := await reserving, Reservation):
                await self.settle(reserved, 0, 0, period)

    async def _reserved(self, demand: Demand) -> Reservation | ReachedLimit | None:
        made = secrets.token_hex(8)
        allowance = demand.allowance
        limits = (
            allowance.requests_per_minute,
            allowance.tokens_per_minute,
            allowance.concurrency,
            allowance.budget_day,
            allowance.budget_month,
        )
        answer = await self._run(
            self._reserve,
            [*self._names(demand.caller), *self._spending(demand.caller, demand.period)],
            [
                made,
                demand.tokens,
                demand.cost,
                *(-1 if limit is None else limit for limit in limits),
                LEASE_SECONDS,
                WINDOW_SECONDS,
            ],
        )
        if answer[0] == b"ok":
            second = int(answer[1])
            return Reservation(made, demand.caller, second, demand.tokens, demand.cost)
        if answer[0] == b"unknown":
            return None
        wait = float(answer[2])
        return ReachedLimit(answer[1].decode(), wait if wait >= 0 else None)

    async def learn_spending(self, caller: str, spent: Spending) -> None:
        """Take over what a caller has spent; what is known already stays."""
        day, month = self._spending(caller, spent.period)
        await self._call("SET", day, spent.day, "NX", "EX", _DAY_SECONDS)
        await self._call("SET", month, spent.month, "NX", "EX", _MONTH_SECONDS)

    async def settle(
        self, reservation: Reservation, tokens: int, cost: int, period: Period
    ) -> None:
        """Replace what was set aside by what was used."""
        _, counted, running, held = self._names(reservation.caller)
        await self._run(
            self._settle,
            [counted, running, held, *self._spending(reservation.caller, period)],
            [reservation.id, reservation.second, tokens - reservation.tokens, cost],
        )

    async def renew(self, reservations: Sequence[Reservation]) -> None:
        """Say that requests are still running."""
        by_caller = defaultdict(list)
        for reservation in reservations:
            by_caller[reservation.caller].append(reservation.id)
        for caller, ids in by_caller.items():
            await self._run(self._renew, self._names(caller)[2:], [LEASE_SECONDS, *ids])

    async def forget_spending(self, callers: Sequence[str]) -> None:
        """Forget what callers have spent."""
        period = Period.at(time.time())
        for caller in callers:
            await self._call("DEL", *self._spending(caller, period))

    async def cool_down(self, model: str, seconds: float) -> None:
        """Keep a model of a group out of the choice for a while."""
        name, milliseconds = self._cooling_name(model), max(1, round(seconds * 1000))
        await self._call("SET", name, "1", "PX", milliseconds, "NX")
        await self._call("PEXPIRE", name, milliseconds, "GT")

    async def cooling(self, models: Sequence[str]) -> frozenset[str]:
        """Which of the models are kept out of the choice."""
        if not models:
            return frozenset()
        found = await self._call("MGET", *(self._cooling_name(model) for model in models))
        return frozenset(model for model, value in zip(models, found, strict=True) if value)

    async def ping(self) -> None:
        """Ask whether the server is there.

        Raises:
            CountersUnavailable: It is not.
        """
        await self._call("PING")

    async def aclose(self) -> None:
        """Close the connections, once what was begun on them has ended."""
        while self._working:
            await asyncio.wait(self._working)
        await self._client.aclose()
        await self._client.connection_pool.disconnect()

    def _script(self, name: str) -> AsyncScript:
        script: AsyncScript = self._client.register_script(
            (_SCRIPTS / f"{name}.lua").read_text("utf-8")
        )
        return script

    def _names(self, caller: str) -> list[str]:
        # What one script uses lies in one slot of a cluster: that of the text in braces.
        start = f"{self._prefix}:{{{caller}}}"
        return [f"{start}:requests", f"{start}:tokens", f"{start}:running", f"{start}:held"]

    def _spending(self, caller: str, period: Period) -> list[str]:
        start = f"{self._prefix}:{{{caller}}}:spent"
        return [f"{start}:{period.day}", f"{start}:{period.month}"]

    def _cooling_name(self, model: str) -> str:
        return f"{self._prefix}:{{groups}}:cooling:{model}"

    async def _run(self, script: AsyncScript, names: list[str], values: list[Any]) -> Any:
        try:
            return await script(keys=names, args=values)
        except self._unreachable as error:
            raise CountersUnavailable(str(error)) from error

    async def _call(self, *words: Any) -> Any:
        try:
            return await self._client.execute_command(*words)
        except self._unreachable as error:
            raise CountersUnavailable(str(error)) from error


def _connect(url: str, timeout: float) -> tuple[Any, tuple[type[Exception], ...]]:
    """A client, and what it raises when the server cannot be used."""
    try:
        from redis.asyncio import BlockingConnectionPool, Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
        from redis.exceptions import RedisError
    except ModuleNotFoundError as error:
        msg = "Shared limits need the package redis, which is not installed."
        hint = 'Install it with: pip install "modelwire-gateway[valkey]"'
        raise ConfigError(msg, hint=hint) from error
    for name, known in (("valkey://", "redis://"), ("valkeys://", "rediss://")):
        if url.startswith(name):
            url = known + url.removeprefix(name)
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=timeout,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            # A script that is sent twice would count twice.
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        msg = "The counters of the gateway are given as a URL that cannot be read."
        raise ConfigError(msg, hint=_HINT) from error
    return Redis(connection_pool=pool), (RedisError, OSError, TimeoutError)
