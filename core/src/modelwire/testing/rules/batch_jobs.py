"""Rules on batch jobs: each item keeps its id, its request and its outcome."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

import pytest

from modelwire.errors import (
    AuthenticationError,
    Cancelled,
    InvalidRequest,
    ModelwireError,
    ProviderError,
    RateLimited,
    RequestTimeout,
    ServerError,
)
from modelwire.hookspecs import BatchItem, BatchJob, BatchResult, CompletionOptions
from modelwire.messages import Context, Usage, UserMessage
from modelwire.runtime import ProviderJobs
from modelwire.testing.audit import blocking_calls
from modelwire.testing.batch_service import BatchOutcome
from modelwire.testing.bench import Bench
from modelwire.testing.checks import check
from modelwire.testing.rules.rule import WIRE, Rules, needs
from modelwire.testing.rules.secrets import repeated_key
from modelwire.testing.wires import ScriptedAnswer

__all__ = ["BatchJobRules"]

BATCH_JOBS = "batch_jobs"

T = TypeVar("T")


class BatchJobRules(Rules):
    """A job answers as single requests do."""

    @needs(BATCH_JOBS, WIRE)
    def test_each_item_of_a_job_is_sent_under_its_id(self, bench: Bench) -> None:
        """With its own text, and with the options of its own."""
        texts = [f"text-{number}-of-a-job" for number in range(4)]
        items = [
            _item(f"id-{number}", text, max_tokens=100 + number)
            for number, text in enumerate(texts)
        ]
        job = _done(bench, lambda jobs: jobs.submit(items))
        check(not job.ended, "a job that was just submitted has not ended", found=f"found {job}")
        sent = bench.batches.sent_items(job.id)
        ids = [item.custom_id for item in items]
        check(sorted(sent) == ids, "the ids of the items are sent", found=f"found {sorted(sent)}")
        for number, name in enumerate(ids):
            held = [text for text in texts if text in str(sent[name])]
            check(held == [texts[number]], "an item is its own text", found=f"found {held}")
            limit = str(100 + number)
            check(limit in str(sent[name]), f"the request holds max_tokens = {limit}")

    @needs(BATCH_JOBS, WIRE)
    def test_each_outcome_is_that_of_its_item(self, bench: Bench) -> None:
        """Whatever the order: answers with their usage, and typed errors."""
        usage = Usage(input=11, output=3)
        found = _results(
            bench,
            {
                "c": "refused",
                "a": ScriptedAnswer("The answer to a.", usage=usage),
                "d": "expired",
                "b": ScriptedAnswer("The answer to b."),
            },
        )
        check(sorted(found) == [*"abcd"], "each item has one result", found=f"{sorted(found)}")
        for name in "ab":
            message = found[name].message
            answer = message.text if message is not None else found[name].error
            check(
                answer == f"The answer to {name}.",
                "an answer is that of its item",
                found=f"{answer!r}",
            )
        first = found["a"].message
        used = (first.usage.input, first.usage.output) if first is not None else None
        check(used == (11, 3), "the usage is what the service counts", found=f"found {used}")
        refused = found["c"].error
        if not isinstance(refused, InvalidRequest):
            msg = f"InvalidRequest is expected for an item that was refused, not {refused!r}"
            raise AssertionError(msg)
        place = (refused.provider, refused.model)
        check(
            place == (bench.subject.provider, bench.subject.model),
            "the error of an item names provider and model",
            found=f"found {place}",
        )
        check(
            isinstance(found["d"].error, RequestTimeout),
            "an item that expired has a RequestTimeout",
            found=f"found {found['d'].error!r}",
        )

    @needs(BATCH_JOBS, WIRE)
    def test_a_job_that_runs_has_no_results(self, bench: Bench) -> None:
        """They are an error that the caller can wait after, rather than an empty list."""
        outcome = _outcome(bench, _submitted_and_fetched)
        check(isinstance(outcome, InvalidRequest), "InvalidRequest expected", found=f"{outcome!r}")

    @needs(BATCH_JOBS, WIRE)
    def test_a_job_can_be_cancelled(self, bench: Bench) -> None:
        """Its answered items keep their results."""

        async def work(jobs: ProviderJobs) -> tuple[BatchJob, dict[str, BatchResult]]:
            items = [_item("a"), _item("b")]
            job = await jobs.submit(items)
            cancelled = await jobs.cancel(job.id)
            bench.batches.finish(job.id, {"a": "cancelled", "b": ScriptedAnswer("Done.")})
            return cancelled, {each.custom_id: each async for each in jobs.fetch(job.id, items)}

        job, found = _done(bench, work)
        states = ("cancelling", "cancelled")
        check(job.state in states, "a cancelled job says so", found=f"found {job.state}")
        check(
            isinstance(found["a"].error, Cancelled),
            "an item that was cancelled has the error Cancelled",
            found=f"found {found['a'].error!r}",
        )
        check(found["b"].message is not None, "an item that was answered keeps its answer")

    @needs(BATCH_JOBS, WIRE)
    @pytest.mark.parametrize(
        ("status", "kind"),
        [(401, AuthenticationError), (429, RateLimited), (500, ServerError)],
        ids=["401", "429", "500"],
    )
    def test_a_refusal_of_a_job_is_its_typed_error(
        self, bench: Bench, status: int, kind: type[ProviderError]
    ) -> None:
        """After one request, since a job costs money; it repeats no secret."""
        refusal = repeated_key(bench)
        before = len(bench.requests)
        bench.server.always(bench.wire.refuse(status, refusal))
        outcome = _outcome(bench, lambda jobs: jobs.submit([_item("a")]), served=False)
        if not isinstance(outcome, kind):
            msg = f"{kind.__name__} is expected for the status {status}, not {outcome!r}"
            raise AssertionError(msg)
        check(bench.secret not in f"{outcome} {outcome.hint}", "the error does not repeat the key")
        sent = len(bench.requests) - before
        check(sent == 1, "a submission that fails is not sent again", found=f"{sent} requests")

    @needs(BATCH_JOBS, WIRE)
    def test_nothing_in_the_loop_blocks_while_a_job_is_submitted_and_fetched(
        self, bench: Bench
    ) -> None:
        """No `time.sleep`, no blocking look-up of a name, no blocking connection."""

        async def work(jobs: ProviderJobs) -> list[str]:
            with blocking_calls() as calls:
                await _finished(bench, jobs, {"a": ScriptedAnswer("Yes.")})
            return calls

        calls = _done(bench, work)
        check(not calls, "nothing that blocks runs in the event loop", found=f"{calls} did")


def _item(custom_id: str, text: str = "Hello?", max_tokens: int | None = None) -> BatchItem:
    context = Context([UserMessage(text)])
    return BatchItem(custom_id, context, CompletionOptions(max_tokens=max_tokens))


async def _submitted_and_fetched(jobs: ProviderJobs) -> list[BatchResult]:
    job = await jobs.submit([_item("a")])
    return [result async for result in jobs.fetch(job.id)]


async def _finished(
    bench: Bench, jobs: ProviderJobs, outcomes: Mapping[str, BatchOutcome]
) -> dict[str, BatchResult]:
    """Submit a job, let it end with these outcomes, and fetch them."""
    items = [_item(name) for name in sorted(outcomes)]
    job = await jobs.submit(items)
    bench.batches.finish(job.id, outcomes)
    ended = await jobs.poll(job.id)
    check(ended.ended, "a job that has ended says so", found=f"found {ended.state}")
    found: Sequence[BatchResult] = [result async for result in jobs.fetch(job.id, items)]
    by_id = {result.custom_id: result for result in found}
    check(len(by_id) == len(found), "no item has two results")
    return by_id


def _results(bench: Bench, outcomes: Mapping[str, BatchOutcome]) -> dict[str, BatchResult]:
    return _done(bench, lambda jobs: _finished(bench, jobs, outcomes))


def _outcome(
    bench: Bench, work: Callable[[ProviderJobs], Awaitable[T]], *, served: bool = True
) -> T | ModelwireError:
    """The result or error of work with jobs; the server has some, or only what was scripted."""

    async def run() -> T | ModelwireError:
        async with bench.runtime() as runtime:
            jobs = await ProviderJobs.of(runtime, bench.subject.ref)
            try:
                return await work(jobs)
            except ModelwireError as error:
                return error

    if served:
        bench.serve_batches()
    return bench.run(run)


def _done(bench: Bench, work: Callable[[ProviderJobs], Awaitable[T]]) -> T:
    outcome = _outcome(bench, work)
    if isinstance(outcome, ModelwireError):
        msg = f"a job was expected to succeed, but it failed: {outcome!r}"
        raise AssertionError(msg) from outcome
    return outcome
