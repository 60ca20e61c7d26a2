"""The callable class of `map_batches` that sends the rows of a batch from an actor."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from modelwire.batch import BatchRow, Limits, RowAsker, RowOutcome
from modelwire_ray.actor_runtime import ActorRuntime
from modelwire_ray.chunks import outcome_table, rows_in
from modelwire_ray.quota import Quota, Turns

__all__ = ["AskChunks"]


class AskChunks:
    """Asks the rows of chunks, over one runtime.

    Args:
        settings: As for `RowAsker`.
        limits: The limits of this actor.
        max_attempts: How often a row is tried before it has failed.
        config_path: The configuration file on this node, or `None` for the user's.
        quota: A quota that all actors share.
        holder: The actor of the chunks, which says when no more requests are to be sent.
    """

    def __init__(
        self,
        *,
        settings: Mapping[str, Any],
        limits: Limits,
        max_attempts: int,
        config_path: Path | None,
        quota: Quota | None,
        holder: Any,
    ) -> None:
        self._runtime = ActorRuntime(config_path)
        self._arguments: dict[str, Any] = {
            "settings": settings,
            "limits": limits,
            "max_attempts": max_attempts,
        }
        self._quota = quota
        self._holder = holder
        self._asker: RowAsker | None = None
        self._watching: asyncio.Task[None] | None = None
        self._asking: set[asyncio.Task[RowOutcome]] = set()

    async def __call__(self, table: pa.Table) -> pa.Table:
        """Ask the rows of the chunks in a table; return their outcomes."""
        asker = self._asker
        if asker is None:
            turns = None if self._quota is None else Turns(self._quota)
            asker = RowAsker(self._runtime.get(), turns=turns, **self._arguments)
            self._asker = asker
            self._watching = asyncio.create_task(self._watch(asker))
        return outcome_table(
            [(number, await self._outcomes(asker, rows)) for number, rows in rows_in(table)]
        )

    async def _outcomes(self, asker: RowAsker, rows: Sequence[BatchRow]) -> list[RowOutcome]:
        """The outcomes of rows; those whose requests were ended have none."""
        tasks = [asyncio.create_task(asker.ask(row)) for row in rows]
        self._asking.update(tasks)
        try:
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            self._asking.difference_update(tasks)
        for each in ended:
            if isinstance(each, BaseException) and not isinstance(each, asyncio.CancelledError):
                raise each
        return [each for each in ended if isinstance(each, RowOutcome)]

    async def _watch(self, asker: RowAsker) -> None:
        await self._holder.until_stopped.remote()
        asker.stop()
        await self._holder.until_cancelled.remote()
        for task in self._asking:
            task.cancel()

    def __del__(self) -> None:
        runtime = self.__dict__.get("_runtime")
        if runtime is not None:
            runtime.close()
