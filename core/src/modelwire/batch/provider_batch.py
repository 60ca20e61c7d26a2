"""The batch at a provider: its rows are submitted as jobs, which are polled and fetched later."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from typing import Final

from attrs import define, frozen

from modelwire.batch.job_state import JobRecord, JobState, line_ranges, within
from modelwire.batch.journal import Journal
from modelwire.batch.line_file import encode_line
from modelwire.batch.records import BatchRow, answer_record, failure_record
from modelwire.batch.rows import PendingRow, PendingRows
from modelwire.batch.summary import BatchRequest, BatchSummary
from modelwire.errors import (
    AccessDenied,
    AuthenticationError,
    BatchError,
    BillingError,
    ConfigError,
    InvalidMessage,
    InvalidRequest,
    ItemsRefused,
    JobTooLarge,
    ModelwireError,
    NotFound,
    RateLimited,
)
from modelwire.hookspecs import BatchItem, BatchJob, BatchResult, BatchTerms
from modelwire.messages import Context
from modelwire.models import Model
from modelwire.runtime import ProviderJobs, Runtime
from modelwire.runtime.caller_options import options_of
from modelwire.tools.forms import load

__all__ = ["ProviderBatch", "ProviderPlan"]

_MOST_ITEMS: Final = 50_000
"""The rows of a job where the provider does not document a limit."""
_NOTHING_CREATED: Final = (
    AccessDenied,
    AuthenticationError,
    BillingError,
    ConfigError,
    InvalidMessage,
    InvalidRequest,
    NotFound,
    RateLimited,
)
"""Errors of a submission after which there is no job; after all others there may be one."""
_AT_ONCE: Final = 200
"""How many results are written together."""


@frozen
class ProviderPlan:
    """What a batch at a provider would do.

    Attributes:
        model: The model.
        terms: The terms of the provider's jobs.
        rows: The rows that are neither answered nor in a job.
        jobs: The jobs that were submitted, and whose results have not been fetched.
    """

    model: Model
    terms: BatchTerms
    rows: int
    jobs: int


@define
class _Counts:
    answered: int = 0
    failed: int = 0
    tokens: int = 0
    cost: float = 0.0


class ProviderBatch:
    """A batch whose rows a provider answers in jobs; open it with `async with`.

    The jobs are listed in a hidden file beside the output. So the same batch, opened again, polls and
    fetches the jobs that were submitted before, and submits only rows that are in none.

    Args:
        runtime: The runtime; it stays open.
        request: The batch. Its limits, budget and attempts do not apply to jobs.
        job_size: The maximum of rows in a job; by default that of the provider.
    """

    def __init__(
        self, runtime: Runtime, request: BatchRequest, *, job_size: int | None = None
    ) -> None:
        self._runtime = runtime
        self._request = request
        self._size = job_size
        self._counts = _Counts()
        self._began = time.monotonic()

    async def __aenter__(self) -> ProviderBatch:
        """Open the output, and find the provider's jobs.

        Raises:
            BatchError: The input or the output cannot be used, or the jobs are of another model.
            InvalidRequest: The model's plugin has no batch jobs, or fallbacks were given.
        """
        request = self._request
        if request.settings.get("fallbacks"):
            msg = "A batch job is of one model, and has no fallbacks."
            raise InvalidRequest(msg, hint="Leave the fallbacks out.")
        await load()
        self._jobs = await ProviderJobs.of(self._runtime, request.settings.get("model"))
        opened = partial(
            Journal.open, request.source, request.output, retry_failed=request.retry_failed
        )
        self._journal = await asyncio.to_thread(opened)
        self._written = bytearray(self._journal.input.lines // 8 + 1)
        try:
            self._state = await asyncio.to_thread(JobState.of, request.output)
            self._check_model()
        except BaseException:
            await asyncio.to_thread(self._journal.close)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the output."""
        await asyncio.to_thread(self._journal.close)

    async def plan(self) -> ProviderPlan:
        """The rows to submit and the terms; nothing is sent.

        Raises:
            BatchError: The input cannot be read.
        """
        count = 0
        async with aclosing(self._rows().read()) as rows:
            async for _ in rows:
                count += 1
        jobs = self._jobs
        return ProviderPlan(jobs.model, jobs.terms, count, len(self._state.open))

    async def submit(self) -> list[JobRecord]:
        """Submit the rows that are neither done nor in a job; return the new jobs.

        Each job is noted before it is submitted. A row that cannot be sent becomes a failure at once.
        Rows that are together too large for a job are divided into several.

        Raises:
            BatchError: The input cannot be read, or the outcome of an earlier submission is not known.
            ModelwireError: The provider refused or failed. Jobs that were submitted before are kept.
        """
        made: list[JobRecord] = []
        for job in [job for job in self._state.open if job.id is None]:
            await self._submit_again(job)
            made.append(job)
        most = min(self._size or _MOST_ITEMS, self._jobs.terms.max_items or _MOST_ITEMS)
        # Half a job is held back, so that the last one is not too small for a provider's minimum.
        held = most + most // 2
        group: list[PendingRow] = []
        async with aclosing(self._rows().read()) as rows:
            async for pending in rows:
                if (invalid := pending.invalid or self._unfit(pending.row)) is not None:
                    await self._write([], [(pending.row, invalid)])
                    continue
                group.append(pending)
                if len(group) > held:
                    made += await self._submit_group(group[:most])
                    group = group[most:]
        size = len(group) if len(group) <= most else (len(group) + 1) // 2
        for part in (group[:size], group[size:]):
            made += await self._submit_group(part)
        return made

    async def adopt(self, job_id: str) -> BatchJob:
        """Take over a job that was submitted elsewhere; its results are fetched as usual.

        The rows that are neither done nor in a job are taken to be in it. Those without a result are
        left to the next submission.

        Raises:
            ModelwireError: The provider refused or failed, or has no such job.
        """
        known = next((job for job in self._state.jobs if job.id == job_id), None)
        found = await self._jobs.poll(job_id)
        if known is None:
            async with aclosing(self._rows().read()) as rows:
                lines = [pending.row.line async for pending in rows]
            job = JobRecord(uuid.uuid4().hex, line_ranges(lines), found.id, adopted=True)
            self._state.jobs.append(job)
            await asyncio.to_thread(self._state.save)
        return found

    async def poll(self) -> list[BatchJob]:
        """The current state of each job whose results have not been fetched.

        Raises:
            ModelwireError: The provider refused or failed.
        """
        return [await self._jobs.poll(job.id) for job in self._state.open if job.id is not None]

    async def cancel(self) -> list[BatchJob]:
        """Request that the jobs be cancelled; their results are fetched as usual.

        Raises:
            ModelwireError: The provider refused or failed.
        """
        jobs = await self.poll()
        return [job if job.ended else await self._jobs.cancel(job.id) for job in jobs]

    async def fetch(self) -> int:
        """Write the results of the jobs that have ended; return how many have not.

        Raises:
            BatchError: The output cannot be written.
            ModelwireError: The provider refused or failed. Results before that are kept.
        """
        running = 0
        for job in list(self._state.open):
            if job.id is None or not (await self._jobs.poll(job.id)).ended:
                running += 1
                continue
            await self._fetch(job, job.id)
        return running

    async def run(
        self, *, seconds: float = 60.0, on_poll: Callable[[list[BatchJob]], None] | None = None
    ) -> BatchSummary:
        """Submit, and wait until the results of all jobs have been written.

        Args:
            seconds: The wait between two polls.
            on_poll: Called with the states of the jobs after each poll.

        Raises:
            BatchError: The input or the output cannot be used.
            ModelwireError: The provider refused or failed; the same batch can be opened again.
        """
        await self.submit()
        while await self.fetch():
            if on_poll is not None:
                on_poll(await self.poll())
            await asyncio.sleep(seconds)
        return self.summary()

    def summary(self) -> BatchSummary:
        """The outcome so far."""
        journal, counts = self._journal, self._counts
        done = counts.answered + counts.failed
        return BatchSummary(
            rows=journal.input.rows,
            answered=journal.answered + counts.answered,
            failed=journal.failed + counts.failed,
            remaining=journal.remaining - done,
            processed=done,
            requests=done,
            refused=0,
            tokens=counts.tokens,
            cost=journal.cost + counts.cost,
            seconds=time.monotonic() - self._began,
            output=journal.files.answers,
            errors=journal.files.errors,
        )

    def _check_model(self) -> None:
        state, ref = self._state, str(self._jobs.model.ref)
        if state.open and state.model not in (None, ref):
            msg = f"The jobs of {self._request.output} are of the model {state.model}, not {ref}."
            raise BatchError(msg, source=str(state.path), hint=f"Use --model {state.model}.")
        state.model = ref

    def _rows(self) -> PendingRows:
        """The rows that are neither done nor in a job."""
        is_taken = within(lines for job in self._state.open for lines in job.lines)
        return self._pending(lambda line: self._is_done(line) or is_taken(line))

    def _rows_of(self, job: JobRecord) -> PendingRows:
        """The rows of a job that are not done."""
        is_inside = within(job.lines)
        return self._pending(lambda line: self._is_done(line) or not is_inside(line))

    def _pending(self, is_done: Callable[[int], bool]) -> PendingRows:
        journal = self._journal
        return PendingRows(self._request.source, is_done, journal.input.lines, self._jobs.model)

    def _is_done(self, line: int) -> bool:
        written = bool(self._written[line >> 3] >> (line & 7) & 1)
        return written or self._journal.is_done(line)

    def _unfit(self, row: BatchRow) -> InvalidRequest | None:
        """Why a row cannot be in a job, if it cannot."""
        if "model" in row.options and "model" not in self._request.settings:
            msg = "A batch job is of one model, and the row names its own."
            return InvalidRequest(msg, hint="Give the model of the whole batch.")
        try:
            self._item(row)
        except InvalidRequest as error:
            return error
        return None

    def _item(self, row: BatchRow) -> BatchItem:
        settings = {**self._request.settings, **row.options}
        system = settings.pop("system", None)
        for name in ("model", "fallbacks"):
            settings.pop(name, None)
        context = row.context
        if context.system_prompt is None and system is not None:
            context = Context(list(row.messages), system, list(row.tools))
        options = options_of(None, settings, Runtime.complete)
        return BatchItem(row.custom_id, context, options)

    async def _submit_group(self, group: list[PendingRow]) -> list[JobRecord]:
        """Submit rows as one job, or as several where they are too large for one."""
        made: list[JobRecord] = []
        while group:
            try:
                made.append(await self._submit_new(group))
            except ItemsRefused as error:
                refused = [(each.row, error.items.get(each.row.custom_id)) for each in group]
                wrong = [(row, why) for row, why in refused if why is not None]
                if not wrong:
                    raise
                await self._write([], wrong)
                group = [each for each in group if each.row.custom_id not in error.items]
            except JobTooLarge as error:
                if not 0 < error.fitting < len(group):
                    raise
                made += await self._submit_group(group[: error.fitting])
                group = group[error.fitting :]
            else:
                break
        return made

    async def _submit_new(self, group: list[PendingRow]) -> JobRecord:
        job = JobRecord(uuid.uuid4().hex, line_ranges(each.row.line for each in group))
        self._state.jobs.append(job)
        await asyncio.to_thread(self._state.save)
        try:
            await self._submit(job, [each.row for each in group])
        except _NOTHING_CREATED:
            self._state.jobs.remove(job)
            await asyncio.to_thread(self._state.save)
            raise
        return job

    async def _submit_again(self, job: JobRecord) -> None:
        """Submit a job that was noted, and whose id did not arrive."""
        if not self._jobs.terms.recognizes_keys:
            msg = f"It is not known whether the job with the key {job.key} was created."
            hint = (
                f"Look for it at the provider. If there is none, remove the job from "
                f"{self._state.path}; else write its id there."
            )
            raise BatchError(msg, source=str(self._state.path), hint=hint)
        async with aclosing(self._rows_of(job).read()) as rows:
            await self._submit(job, [pending.row async for pending in rows])

    async def _submit(self, job: JobRecord, rows: list[BatchRow]) -> None:
        items = [self._item(row) for row in rows]
        job.id = (await self._jobs.submit(items, key=job.key)).id
        await asyncio.to_thread(self._state.save)

    async def _fetch(self, job: JobRecord, job_id: str) -> None:
        """Write the results of a job that has ended."""
        async with aclosing(self._rows_of(job).read()) as source:
            pending = [each async for each in source]
        rows = {each.row.custom_id: each.row for each in pending if each.invalid is None}
        answers: list[tuple[BatchRow, BatchResult]] = []
        failures: list[tuple[BatchRow, ModelwireError]] = []
        items = [self._item(row) for row in rows.values()]
        async with aclosing(
            self._jobs.fetch(job_id, items, report_missing=not job.adopted)
        ) as results:
            async for result in results:
                # A row that was fetched before, or that is not of this job.
                if (row := rows.pop(result.custom_id, None)) is None:
                    continue
                if result.error is not None:
                    failures.append((row, result.error))
                else:
                    answers.append((row, result))
                if len(answers) + len(failures) >= _AT_ONCE:
                    await self._write(answers, failures)
                    answers, failures = [], []
        await self._write(answers, failures)
        job.fetched = True
        await asyncio.to_thread(self._state.save)

    async def _write(
        self,
        answers: list[tuple[BatchRow, BatchResult]],
        failures: list[tuple[BatchRow, ModelwireError]],
    ) -> None:
        """Write lines of answers and failures, each as a whole."""
        counts, lines = self._counts, []
        for row, result in answers:
            if (message := result.message) is not None:
                lines.append(encode_line(answer_record(row, message, 1)))
                counts.answered += 1
                counts.tokens += message.usage.total_tokens
                counts.cost += message.usage.cost.total if message.usage.cost else 0.0
        wrong = [encode_line(failure_record(row, error, 1)) for row, error in failures]
        counts.failed += len(failures)
        if lines:
            await asyncio.to_thread(self._journal.append_answers, b"".join(lines))
        if wrong:
            await asyncio.to_thread(self._journal.append_failures, b"".join(wrong))
        for row, _ in (*answers, *failures):
            self._written[row.line >> 3] |= 1 << (row.line & 7)
