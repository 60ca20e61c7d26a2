"""The runner on this machine: rows are sent over the runtime of the batch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from modelwire.batch.asker import RowAsker
from modelwire.batch.row_outcome import RowOutcome
from modelwire.batch.work import BatchWork
from modelwire.runtime import Runtime

__all__ = ["Here"]


class Here:
    """Sends rows from this process, as a `BatchRunner` does elsewhere.

    Args:
        runtime: The runtime; it stays open.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._tasks: set[asyncio.Task[RowOutcome]] = set()
        self._outcomes: list[RowOutcome] = []
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._error: BaseException | None = None

    async def run(self, work: BatchWork) -> AsyncGenerator[Sequence[RowOutcome], None]:
        """Send the rows; the outcomes are those that have come since the last ones were used.

        Raises:
            BatchError: The input cannot be read.
        """
        asker = RowAsker(
            self._runtime,
            settings=work.settings,
            limits=work.limits,
            max_attempts=work.max_attempts,
            keeps_turns=True,
        )
        feeding = asyncio.create_task(self._feed(work, asker))
        feeding.add_done_callback(self._ended)
        watching = asyncio.create_task(self._watch(work, asker))
        try:
            while True:
                while self._outcomes:
                    outcomes, self._outcomes = self._outcomes, []
                    yield outcomes
                    # The consumer has written them before it asks for more.
                    asker.written(sum(each.record is not None for each in outcomes))
                if self._error is not None:
                    raise self._error
                if feeding.done() and not self._tasks:
                    return
                self._changed.clear()
                await self._changed.wait()
        finally:
            tasks = [feeding, watching, *self._tasks]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _feed(self, work: BatchWork, asker: RowAsker) -> None:
        """Start to send each row when those before it have been sent."""
        # Rows that wait to be sent again are in memory, so that their number is limited.
        most = 3 * work.limits.concurrency
        while rows := await work.take():
            row = rows[0]
            task = asyncio.create_task(asker.ask(row, await asker.turn(row)))
            self._tasks.add(task)
            task.add_done_callback(self._row_ended)
            while len(self._tasks) >= most:
                self._room.clear()
                await self._room.wait()

    async def _watch(self, work: BatchWork, asker: RowAsker) -> None:
        """Stop and cancel when the batch does."""
        await work.until_stopped()
        asker.stop()
        await work.until_cancelled()
        for task in self._tasks:
            task.cancel()

    def _row_ended(self, task: asyncio.Task[RowOutcome]) -> None:
        self._tasks.discard(task)
        self._room.set()
        if not task.cancelled() and task.exception() is None:
            self._outcomes.append(task.result())
        self._ended(task)

    def _ended(self, task: asyncio.Task[RowOutcome] | asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        self._error = self._error or error
        self._changed.set()
