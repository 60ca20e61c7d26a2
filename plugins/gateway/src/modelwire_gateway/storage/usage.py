"""Usage: counted in memory as requests end, and added to the database about every second."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeAlias

from attrs import asdict, define, frozen
from sqlalchemy import Table, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from modelwire.messages import Usage
from modelwire.text import without_surrogates
from modelwire_gateway.access.caller import Caller
from modelwire_gateway.access.counters import Spending
from modelwire_gateway.access.money import to_nanodollars, to_usd
from modelwire_gateway.access.periods import Period
from modelwire_gateway.storage.tables import usage as table
from modelwire_gateway.storage.tables import writers

__all__ = ["UsageLog", "UsageRow"]

_log = logging.getLogger("modelwire_gateway.usage")

_FLUSH_SECONDS: Final = 1.0
_WRITER_DAYS: Final = 7
_MOST_FITTED: Final = 1024
"""Texts that are remembered in the form that is written."""
_COUNTS: Final = (
    "requests", "unpriced", "input", "output", "cache_read", "cache_write", "cost",
)  # fmt: skip


@frozen
class UsageRow:
    """Usage of one caller with one model on one day of UTC.

    Attributes:
        caller: The caller's id.
        name: The caller's name.
        owner: The person or team that the caller belongs to, or `None`.
        day: The day, as `2026-11-29`.
        model: The model's reference.
        requests: Requests that ended.
        unpriced: Those of them of which the cost is not known.
        input: Tokens of prompts that no cache was involved in.
        output: Tokens of answers.
        cache_read: Tokens of prompts that were read from a cache.
        cache_write: Tokens of prompts that were written to a cache.
        cost: USD.
    """

    caller: str
    name: str
    owner: str | None
    day: str
    model: str
    requests: int
    unpriced: int
    input: int
    output: int
    cache_read: int
    cache_write: int
    cost: float


@define
class _Counts:
    name: str
    owner: str | None
    requests: int = 0
    unpriced: int = 0
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost: int = 0

    def add(self, used: Usage, cost: float | None) -> None:
        self.requests += 1
        self.unpriced += cost is None
        self.input += used.input
        self.output += used.output
        self.cache_read += used.cache_read
        self.cache_write += used.cache_write
        self.cost += to_nanodollars(cost or 0.0)


@lru_cache(maxsize=_MOST_FITTED)
def _fit(text: str, length: int) -> str:
    """A text that every database takes: one that it does not would hold up all that follow."""
    return without_surrogates(text).replace("\0", "\ufffd")[:length]


_Insert: TypeAlias = postgresql.Insert | sqlite.Insert
_Batch = dict[tuple[str, str, str], _Counts]


class UsageLog:
    """The usage of all callers.

    What has not been written stays in memory, in one row for each caller, day and model, and is
    written when the database is there again. A batch of which it is unknown whether it was written
    is not counted twice: the database remembers the number of the last one of each process.

    Args:
        engine: The connections.
        clock: Seconds since 1970.
    """

    def __init__(self, engine: AsyncEngine, *, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock
        self._writer = secrets.token_hex(16)
        self._sequence = 0
        self._counted: _Batch = {}
        self._unwritten: _Batch = {}
        self._writing = asyncio.Lock()
        self._failing = False
        # Made once: to make and to compile a statement takes longer than to execute it.
        self._claiming, self._upsert = _claiming(engine), _upsert(engine)

    def record(self, caller: Caller, model: str, used: Usage, cost: float | None) -> None:
        """Count a request that has ended, on the day in which it ends."""
        place = (_fit(caller.id, 512), Period.at(self._clock()).day, _fit(model, 512))
        counts = self._counted.get(place)
        if counts is None:
            owner = None if caller.owner is None else _fit(caller.owner, 200)
            counts = self._counted[place] = _Counts(_fit(caller.name, 200), owner)
        counts.add(used, cost)

    async def keep_writing(self) -> None:
        """Write about every second, until it is cancelled."""
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            await self.try_flush()

    async def try_flush(self) -> bool:
        """Write what was counted; `False`, with a line in the log, where that fails."""
        try:
            await self.flush()
        except Exception as error:  # noqa: BLE001 - whatever the driver raises; it is tried again
            if not self._failing:
                _log.warning("Usage cannot be written yet: %s", type(error).__name__)
            self._failing = True
            return False
        self._failing = False
        return True

    async def flush(self) -> None:
        """Write what was counted, all of it or nothing."""
        async with self._writing:
            await self._flush()

    async def _flush(self) -> None:
        if not self._unwritten:
            if not self._counted:
                return
            self._unwritten, self._counted = self._counted, {}
            self._sequence += 1
        async with self._engine.begin() as connection:
            await self._write(connection)
        self._unwritten = {}

    async def spending(self, caller: str) -> Spending:
        """The spending of a caller so far, including rows that this process has not written yet."""
        async with self._writing:
            # The writer waits meanwhile, so that nothing is counted twice or not at all.
            await self._flush()
            return await self._spending(caller)

    async def _spending(self, caller: str) -> Spending:
        period = Period.at(self._clock())
        day = func.coalesce(func.sum(table.c.cost).filter(table.c.day == period.day), 0)
        month = func.coalesce(func.sum(table.c.cost), 0)
        query = select(day, month).where(
            table.c.caller == _fit(caller, 512), table.c.day >= f"{period.month}-01"
        )
        async with self._engine.connect() as connection:
            found = (await connection.execute(query)).one()
        unwritten = [
            (where[1], counts.cost)
            for batch in (self._unwritten, self._counted)
            for where, counts in batch.items()
            if where[0] == _fit(caller, 512)
        ]
        return Spending(
            period,
            int(found[0]) + sum(cost for day, cost in unwritten if day == period.day),
            int(found[1]) + sum(cost for day, cost in unwritten if day[:7] == period.month),
        )

    async def rows(self, *, since: str, caller: str | None = None) -> list[UsageRow]:
        """The rows written since a day, oldest first.

        Args:
            since: The first day, as `2026-11-01`.
            caller: The id of one caller, or `None` for all.
        """
        query = select(table).where(table.c.day >= since)
        if caller is not None:
            query = query.where(table.c.caller == caller)
        async with self._engine.connect() as connection:
            found = await connection.execute(
                query.order_by(table.c.day, table.c.caller, table.c.model)
            )
            return [UsageRow(**{**row, "cost": to_usd(row["cost"])}) for row in found.mappings()]

    async def _write(self, connection: AsyncConnection) -> None:
        if await self._claim(connection):
            # In one order for all processes, so that no two of them wait for each other.
            batch = sorted(self._unwritten.items(), key=lambda item: item[0])
            await connection.execute(self._upsert, [_row(*each) for each in batch])

    async def _claim(self, connection: AsyncConnection) -> bool:
        """Note the number of the batch; `False` where it has been written already."""
        now = self._clock()
        if self._sequence == 1:
            old = writers.c.written_at < now - _WRITER_DAYS * 86_400
            await connection.execute(writers.delete().where(old))
        row = {"id": self._writer, "sequence": self._sequence, "written_at": now}
        noted = await connection.execute(self._claiming, row)
        return noted.rowcount > 0


def _row(place: tuple[str, str, str], counts: _Counts) -> dict[str, Any]:
    caller, day, model = place
    return {"caller": caller, "day": day, "model": model, **asdict(counts)}


def _claiming(engine: AsyncEngine) -> _Insert:
    """The statement that notes the number of a batch, unless that has been noted already."""
    made = _insert(engine, writers)
    return made.on_conflict_do_update(
        index_elements=["id"],
        set_={name: made.excluded[name] for name in ("sequence", "written_at")},
        where=writers.c.sequence < made.excluded.sequence,
    )


def _upsert(engine: AsyncEngine) -> _Insert:
    """The statement that adds a row to what is stored of the same caller, day and model."""
    made = _insert(engine, table)
    return made.on_conflict_do_update(
        index_elements=["caller", "day", "model"],
        set_={
            **{name: table.c[name] + made.excluded[name] for name in _COUNTS},
            **{name: made.excluded[name] for name in ("name", "owner")},
        },
    )


def _insert(engine: AsyncEngine, target: Table) -> _Insert:
    made: _Insert = (postgresql if engine.dialect.name == "postgresql" else sqlite).insert(target)
    return made
