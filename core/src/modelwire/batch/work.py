"""The work of a batch, as a runner sees it: the rows to be sent, and when no more are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from modelwire.batch.pace import Limits
from modelwire.batch.records import BatchRow
from modelwire.batch.row_outcome import RowOutcome, failure_outcome
from modelwire.batch.rows import PendingRow
from modelwire.batch.summary import BatchRequest, RunnerOptions
from modelwire.batch.tally import Tally

__all__ = ["BatchWork"]


class BatchWork:
    """The rows of a batch that are to be sent, and how; a `Batch` makes it for its runner.

    It belongs to the event loop of the batch.

    Attributes:
        rows: The number of rows that have neither an answer nor a failure.
        settings: Keyword arguments of `Runtime.complete` for every row, as for `RowAsker`.
        limits: The limits of all requests together, wherever they are sent from.
        max_attempts: The maximum of attempts per row.
        config_path: The configuration file for runtimes that the runner makes, or `None` for the user's.
        options: What the user has chosen for runners.
    """

    def __init__(
        self,
        request: BatchRequest,
        source: AsyncGenerator[PendingRow, None],
        tally: Tally,
        fail: Callable[[RowOutcome], Awaitable[None]],
        *,
        rows: int,
    ) -> None:
        self.rows = rows
        self.settings: Mapping[str, Any] = request.settings
        self.limits: Limits = request.limits
        self.max_attempts: int = request.max_attempts
        self.config_path: Path | None = request.config_path
        self.options: RunnerOptions = request.runner_options
        self._source = source
        self._tally = tally
        self._fail = fail
        self._taken: set[int] = set()
        self._stopping = asyncio.Event()
        self._cancelled = asyncio.Event()
        self._changed = asyncio.Event()
        self.budget_used_up = False
        """Whether the budget ended the rows."""

    @property
    def in_flight(self) -> int:
        """The number of rows that were taken, and have no outcome yet."""
        return len(self._taken)

    async def take(self, most: int = 1) -> list[BatchRow]:
        """The next rows; none, when all were taken or no more are to be sent.

        It waits until the budget allows a row, so that outcomes must go on meanwhile.

        Args:
            most: The maximum of rows.

        Raises:
            BatchError: The input cannot be read.
        """
        rows: list[BatchRow] = []
        while len(rows) < most and await self._may_send(wait=not rows):
            pending = await anext(self._source, None)
            if pending is None:
                break
            if pending.invalid is not None:
                await self._fail(failure_outcome(pending.row, pending.invalid))
                continue
            self._taken.add(pending.row.line)
            rows.append(pending.row)
        return rows

    async def until_stopped(self) -> None:
        """Wait until no more requests are to be sent, not even for rows that were taken.

        Those in flight are to be waited for.
        """
        await self._stopping.wait()

    async def until_cancelled(self) -> None:
        """Wait until also the requests in flight are to be ended."""
        await self._cancelled.wait()

    def stop(self) -> None:
        """Hand out no more rows."""
        self._stopping.set()
        self._changed.set()

    def cancel(self) -> None:
        """Stop, and end the requests in flight."""
        self.stop()
        self._cancelled.set()

    def end(self, outcome: RowOutcome) -> bool:
        """Note the outcome of a row; return whether it is the first one of a row that was taken."""
        if outcome.line not in self._taken:
            return False
        self._taken.discard(outcome.line)
        self._changed.set()
        return True

    async def _may_send(self, *, wait: bool) -> bool:
        while not self._stopping.is_set():
            if self._tally.affords(self.in_flight):
                return True
            if not self._taken:
                self.budget_used_up = True
                self.stop()
            elif wait:
                self._changed.clear()
                await self._changed.wait()
            else:
                return False
        return False
