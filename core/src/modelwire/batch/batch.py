"""A batch: rows are handed to a runner, and what comes of them is written and counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from modelwire.batch.group_writer import GroupWriter
from modelwire.batch.here import Here
from modelwire.batch.journal import Journal
from modelwire.batch.outcomes import FailureOutcome, outcome_of
from modelwire.batch.row_outcome import RowOutcome
from modelwire.batch.rows import PendingRows
from modelwire.batch.runner import BatchRunner
from modelwire.batch.summary import BatchProgress, BatchRequest, BatchSummary, StopCause
from modelwire.batch.tally import Tally
from modelwire.batch.work import BatchWork
from modelwire.errors import BatchError, ModelwireError
from modelwire.models import Model
from modelwire.runtime import Runtime

__all__ = ["Batch"]


class Batch:
    """A batch that is run by this program, which keeps its files; the rows may be sent from elsewhere.

    Args:
        runtime: The runtime; it stays open.
        request: The batch.
        runner: Where the rows are sent from; by default this runtime.
    """

    def __init__(
        self, runtime: Runtime, request: BatchRequest, *, runner: BatchRunner | None = None
    ) -> None:
        self._runtime = runtime
        self._request = request
        self._runner = runner
        self._tally = Tally(request.budget)
        self._work: BatchWork | None = None
        self._stopped: StopCause | None = None
        self._cancelled = False
        self._error: ModelwireError | None = None
        self._journal: Journal | None = None
        self._began = time.monotonic()

    @property
    def progress(self) -> BatchProgress:
        """How far it is; nothing is known before the input was read."""
        journal, tally = self._journal, self._tally
        if journal is None:
            return BatchProgress(seconds=time.monotonic() - self._began)
        return BatchProgress(
            rows=journal.input.rows,
            answered=journal.answered + tally.answered,
            failed=journal.failed + tally.failed,
            in_flight=0 if self._work is None else self._work.in_flight,
            tokens=tally.tokens,
            cost=journal.cost + tally.cost,
            seconds=time.monotonic() - self._began,
            before=journal.answered + journal.failed,
            stopping=self._stopped is not None or self._error is not None,
        )

    def stop(self) -> None:
        """Send no more rows; those in flight are waited for, and their answers are written."""
        self._stopped = self._stopped or "interrupted"
        if self._work is not None:
            self._work.stop()

    def cancel(self) -> None:
        """Stop, and end the requests in flight; the next run sends their rows again."""
        self.stop()
        self._cancelled = True
        if self._work is not None:
            self._work.cancel()

    async def run(self) -> BatchSummary:
        """Send all rows that are not done, and write their answers and failures.

        Raises:
            BatchError: The input or the output cannot be used, or the runner lost rows.
            ModelwireError: No row can be answered, as without credentials; the rows that were not sent
                are left to the next run.
        """
        self._journal = journal = await self._open_journal()
        self._answers = GroupWriter(journal.append_answers)
        self._failures = GroupWriter(journal.append_failures)
        try:
            if self._stopped is None and journal.remaining:
                await self._send_rows(journal)
        finally:
            await self._answers.aclose()
            await self._failures.aclose()
            await asyncio.to_thread(journal.close)
        if self._error is not None:
            raise self._error
        return self._summary(journal)

    async def _open_journal(self) -> Journal:
        request = self._request
        opening = asyncio.ensure_future(
            asyncio.to_thread(
                Journal.open, request.source, request.output, retry_failed=request.retry_failed
            )
        )
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The thread cannot be stopped, and would keep the lock.
            opening.add_done_callback(_close_opened)
            raise

    async def _send_rows(self, journal: Journal) -> None:
        self._tally.spent = journal.cost
        rows = await self._rows(journal)
        runner = self._runner or Here(self._runtime)
        async with aclosing(rows.read()) as source:
            self._work = work = BatchWork(
                self._request, source, self._tally, self._write_one, rows=journal.remaining
            )
            if self._stopped is not None:
                work.stop()
            if self._cancelled:
                work.cancel()
            await self._run(runner.run(work), work)
        if work.in_flight and self._stopped is None and self._error is None:
            msg = f"Rows that were handed out have no outcome: {work.in_flight}."
            raise BatchError(msg, hint="The same command sends them again.")

    async def _rows(self, journal: Journal) -> PendingRows:
        model = self._request.settings.get("model")
        found = None if model is None else await self._runtime.resolve(model)
        upstream = None if found is None else await self._upstream_of(found)
        return PendingRows(
            self._request.source, journal.is_done, journal.input.lines, found, upstream
        )

    async def _upstream_of(self, model: Model) -> str:
        description = await asyncio.to_thread(self._runtime.describe_call, model)
        return description.get("api") or model.api or ""

    async def _run(
        self, outcomes: AsyncGenerator[Sequence[RowOutcome], None], work: BatchWork
    ) -> None:
        """Write what comes of the rows, until there is no more."""
        async with aclosing(outcomes):
            async for group in outcomes:
                await self._write([each for each in group if work.end(each)])
        if work.budget_used_up:
            self._stopped = self._stopped or "budget"

    async def _write_one(self, outcome: RowOutcome) -> None:
        await self._write([outcome])

    async def _write(self, outcomes: Sequence[RowOutcome]) -> None:
        """Write the lines of rows.

        Raises:
            BatchError: They cannot be written.
        """
        answers: list[RowOutcome] = []
        failures: list[RowOutcome] = []
        for each in outcomes:
            self._tally.add(each)
            self._check_price(each)
            if each.record is None or (each.error is not None and self._ends(each.error)):
                continue
            (failures if each.has_failed else answers).append(each)
        if answers:
            await self._answers.write(b"".join(each.record or b"" for each in answers))
            self._tally.answered += len(answers)
        if failures:
            await self._failures.write(b"".join(each.record or b"" for each in failures))
            self._tally.failed += len(failures)

    def _check_price(self, outcome: RowOutcome) -> None:
        if self._request.budget is None or outcome.model is None or outcome.cost is not None:
            return
        msg = f"The price of {outcome.model} is not known, so no budget can be kept."
        hint = "Give the model's prices in the configuration, or no budget."
        self._end(BatchError(msg, hint=hint))

    def _ends(self, error: ModelwireError) -> bool:
        """End the batch because of a failure, if no row can be answered; else the row has failed."""
        kind = outcome_of(error, has_own_model=False)
        if kind is FailureOutcome.STOP_FIRST and self._tally.paid:
            return False
        self._end(error)
        return True

    def _end(self, error: ModelwireError) -> None:
        self._error = self._error or error
        if self._work is not None:
            self._work.stop()

    def _summary(self, journal: Journal) -> BatchSummary:
        tally = self._tally
        done = tally.answered + tally.failed
        return BatchSummary(
            rows=journal.input.rows,
            answered=journal.answered + tally.answered,
            failed=journal.failed + tally.failed,
            remaining=journal.remaining - done,
            processed=done,
            requests=tally.requests,
            refused=tally.refused,
            tokens=tally.tokens,
            cost=journal.cost + tally.cost,
            seconds=time.monotonic() - self._began,
            output=journal.files.answers,
            errors=journal.files.errors,
            stopped=self._stopped,
        )


def _close_opened(opening: asyncio.Future[Journal]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
