"""The batch on this machine: rows are asked over one runtime, at the pace that the service allows."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

from modelwire.batch.group_writer import GroupWriter
from modelwire.batch.journal import Journal
from modelwire.batch.line_file import encode_line
from modelwire.batch.outcomes import FailureOutcome, outcome_of
from modelwire.batch.pace import Pace, Sent
from modelwire.batch.records import answer_record, failure_record
from modelwire.batch.rows import PendingRow, PendingRows
from modelwire.batch.summary import BatchProgress, BatchRequest, BatchSummary, StopCause
from modelwire.batch.tally import Tally
from modelwire.errors import BatchError, ModelwireError, ProviderError
from modelwire.messages import AssistantMessage
from modelwire.models import Model
from modelwire.runtime import Runtime
from modelwire.runtime.runtime import with_retries
from modelwire.transport import RetryPolicy
from modelwire.transport.retry import delay_before

__all__ = ["Batch"]

_WAITS: Final = RetryPolicy(max_attempts=2**31, base=1.0, cap=30.0, longest_wait=3600.0)
"""How long a row waits that has failed."""
_ONE_TRY: Final = RetryPolicy(max_attempts=1)
"""Of one call; the batch asks again itself, since the pace must know of each refusal."""


class Batch:
    """A batch that is run on this machine.

    Args:
        runtime: The runtime; it stays open.
        request: The batch.
    """

    def __init__(self, runtime: Runtime, request: BatchRequest) -> None:
        self._runtime = with_retries(runtime, _ONE_TRY)
        self._request = request
        self._pace = Pace(request.limits)
        self._tally = Tally(request.budget, request.limits.tpm)
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: list[tuple[float, int, PendingRow]] = []
        self._changed = asyncio.Event()
        self._stopped: StopCause | None = None
        self._error: BaseException | None = None
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
            in_flight=self._pace.in_flight,
            tokens=tally.tokens,
            cost=journal.cost + tally.cost,
            seconds=time.monotonic() - self._began,
            before=journal.answered + journal.failed,
            stopping=self._stopping,
        )

    def stop(self) -> None:
        """Ask no more rows; those in flight are waited for, and their answers are written."""
        self._stop("interrupted")

    def cancel(self) -> None:
        """Stop, and end the requests in flight; the next run asks their rows again."""
        self.stop()
        for task in self._tasks:
            task.cancel()

    async def run(self) -> BatchSummary:
        """Ask all rows that are not done, and write their answers and failures.

        Raises:
            BatchError: The input or the output cannot be used.
            ModelwireError: No row can be answered, as without credentials; the rows that were not asked
                are left to the next run.
        """
        self._journal = journal = await self._open_journal()
        self._answers = GroupWriter(journal.append_answers)
        self._failures = GroupWriter(journal.append_failures)
        try:
            if not self._stopping and journal.remaining:
                await self._ask_rows(journal)
        finally:
            await self._end(journal)
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

    async def _ask_rows(self, journal: Journal) -> None:
        self._tally.spent = journal.cost
        model = self._request.settings.get("model")
        found = None if model is None else await self._runtime.resolve(model)
        rows = PendingRows(
            self._request.source,
            journal.is_done,
            journal.input.lines,
            found,
            None if found is None else await self._upstream_of(found),
        )
        async with aclosing(rows.read()) as source:
            while not self._stopping:
                pending = await self._next_row(source)
                if pending is None:
                    break
                await self._begin(pending)
        if isinstance(self._error, BatchError):  # answers cannot be written
            self.cancel()
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _upstream_of(self, model: Model) -> str:
        told = await asyncio.to_thread(self._runtime.describe_call, model)
        return told.get("api") or model.api or ""

    async def _next_row(self, source: AsyncGenerator[PendingRow, None]) -> PendingRow | None:
        """The next row to be asked; `None` when none is left, or the batch is stopped."""
        exhausted = False
        while not self._stopping:
            now = time.monotonic()
            if self._waiting and self._waiting[0][0] <= now:
                return heapq.heappop(self._waiting)[2]
            # Rows that wait are in memory, so that no more than a few are taken in before them.
            if not exhausted and len(self._waiting) < 2 * self._request.limits.concurrency:
                pending = await anext(source, None)
                if pending is not None:
                    return pending
                exhausted = True
                continue
            if not self._waiting and not self._tasks:
                return None
            await self._change(self._waiting[0][0] - now if self._waiting else None)
        return None

    async def _begin(self, pending: PendingRow) -> None:
        """Ask a row as soon as the pace and the budget allow it."""
        if pending.invalid is not None:
            self._start(self._write_failure(pending, pending.invalid))
            return
        while not self._stopping:
            if not self._tally.affords(self._pace.in_flight):
                if not self._tasks:
                    self._stop("budget")
                    return
                await self._change(None)
                continue
            wait = self._pace.wait()
            if wait == 0:
                sent = self._pace.send(self._tally.expected_tokens(pending.row))
                self._start(self._ask(pending, sent))
                return
            await self._change(wait)

    async def _change(self, seconds: float | None) -> None:
        """Wait until a request has ended, the batch is stopped, or some seconds have passed."""
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._changed.set()
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._fail(error)

    async def _ask(self, pending: PendingRow, sent: Sent) -> None:
        row = pending.row
        settings, model = (
            {**self._request.settings, **row.options},
            self._request.settings.get("model"),
        )
        if model is not None:
            settings["model"] = model
        context = row.context
        if context.system_prompt is not None:
            settings.pop("system", None)
        pending.requests += 1
        try:
            message = await self._runtime.complete(context, **settings)
        except ModelwireError as error:
            await self._failed(pending, sent, error)
        except BaseException:
            self._pace.ended(sent)
            raise
        else:
            self._tally.requests += 1
            self._pace.answered(sent, message.usage.total_tokens)
            self._tally.add(message.usage)
            await self._write_answer(pending, message)

    async def _failed(self, pending: PendingRow, sent: Sent, error: ModelwireError) -> None:
        outcome = outcome_of(error, has_own_model="model" in pending.row.options)
        self._tally.requests += 1
        retry_after = error.retry_after if isinstance(error, ProviderError) else None
        match outcome:
            case FailureOutcome.REFUSED:
                self._pace.refused(sent, retry_after)
                self._tally.refused += 1
                pending.refusals += 1
            case FailureOutcome.OVERLOADED:
                self._pace.overloaded(sent, retry_after)
            case _:
                self._pace.ended(sent)
        if outcome is FailureOutcome.STOP or (
            outcome is FailureOutcome.STOP_FIRST and not self._tally.answered
        ):
            self._fail(error)
        elif outcome.asks_again(pending.requests, pending.refusals, self._request.max_attempts):
            self._ask_later(pending, error, outcome)
        else:
            await self._write_failure(pending, error)

    def _ask_later(
        self, pending: PendingRow, error: ModelwireError, outcome: FailureOutcome
    ) -> None:
        wait = 0.0
        if outcome is not FailureOutcome.REFUSED and isinstance(error, ProviderError):
            tries = pending.requests - pending.refusals
            wait = delay_before(_WAITS, tries, error) or _WAITS.cap
        self._tally.put_back += 1
        due = time.monotonic() + wait
        heapq.heappush(self._waiting, (due, self._tally.put_back, pending))

    async def _write_answer(self, pending: PendingRow, message: AssistantMessage) -> None:
        attempts = pending.requests + len(message.attempts)
        line = encode_line(answer_record(pending.row, message, attempts))
        await self._answers.write(line)
        self._tally.answered += 1
        if self._request.budget is not None and message.usage.cost is None:
            msg = f"The price of {message.provider}/{message.model} is not known, so no budget can be kept."
            raise BatchError(
                msg, hint="Give the model's prices in the configuration, or no budget."
            )

    async def _write_failure(self, pending: PendingRow, error: ModelwireError) -> None:
        record = failure_record(pending.row, error, pending.requests)
        await self._failures.write(encode_line(record))
        self._tally.failed += 1

    @property
    def _stopping(self) -> bool:
        return self._stopped is not None or self._error is not None

    def _stop(self, cause: StopCause) -> None:
        self._stopped = self._stopped or cause
        self._changed.set()

    def _fail(self, error: BaseException) -> None:
        self._error = self._error or error
        self._changed.set()

    async def _end(self, journal: Journal) -> None:
        """End what still runs, and close the files."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._answers.aclose()
        await self._failures.aclose()
        await asyncio.to_thread(journal.close)

    def _summary(self, journal: Journal) -> BatchSummary:
        tally = self._tally
        asked = tally.answered + tally.failed
        return BatchSummary(
            rows=journal.input.rows,
            answered=journal.answered + tally.answered,
            failed=journal.failed + tally.failed,
            remaining=journal.remaining - asked,
            asked=asked,
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
