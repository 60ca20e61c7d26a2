"""Batches at a provider: every row is in one job, and jobs survive the process."""

import importlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.batch import BatchRequest, ProviderBatch
from modelwire.batch.job_state import line_ranges, within
from modelwire.config import Config
from modelwire.errors import (
    AccessDenied,
    BatchError,
    InvalidRequest,
    ModelwireError,
    RequestTimeout,
)
from modelwire.registry import Registry, installed_claims
from modelwire.runtime import Runtime

# The service is the module: it keeps jobs, and answers items by what their text says.
SERVICE = """
    from modelwire import errors
    from modelwire.authoring import write_items
    from modelwire.hookspecs import BatchJob, BatchResult, BatchTerms, hookimpl
    from modelwire.messages import AssistantMessage, Cost, Text, Usage

    jobs, states, by_key, broken = {}, {}, {}, []

    class Jobs:
        def __init__(self, model):
            self.model = model
            self.terms = BatchTerms(max_items=3, price_factor=0.5, recognizes_keys=model.id == "keys")

        async def submit_batch(self, items, key):
            for item in items:
                word, _, kind = text_of(item).partition(" ")
                if word == "refuse":
                    raise getattr(errors, kind)("refused")
            if self.model.id == "written":
                terms = BatchTerms(max_bytes=20)
                await write_items(items, write, model=self.model, terms=terms)
            if self.model.id == "keys" and key in by_key:
                return BatchJob(by_key[key], "queued")
            job_id = by_key[key] = f"j{len(jobs) + 1}"
            jobs[job_id], states[job_id] = list(items), "running"
            if broken:
                raise errors.RequestTimeout(broken.pop(), provider="jobs", model=self.model.id)
            return BatchJob(job_id, "queued")

        async def poll_batch(self, job_id):
            return BatchJob(job_id, states[job_id])

        async def cancel_batch(self, job_id):
            states[job_id] = "cancelled"
            return BatchJob(job_id, "cancelled")

        async def fetch_batch(self, job_id, items):
            for item in reversed(jobs[job_id]):
                text = text_of(item)
                if broken and text == broken[0]:
                    raise errors.ServerError(broken.pop(), provider="jobs", retryable=False)
                if text.startswith("bad"):
                    error = errors.InvalidRequest(text, provider="jobs", model=self.model.id)
                    yield BatchResult(item.custom_id, error=error)
                elif text.startswith("late") and states.setdefault(text, 0) == 0:
                    states[text] = 1
                    yield BatchResult(item.custom_id, error=errors.RequestTimeout(text, provider="jobs"))
                elif text != "lost":
                    usage = Usage(10, 5, cost=Cost(0.5))
                    message = AssistantMessage([Text(f"did {text}")], "jobs", self.model.id, usage=usage)
                    yield BatchResult(item.custom_id, message)

    def write(item):
        word, _, kind = text_of(item).partition(" ")
        if word == "cannot":
            raise getattr(errors, kind)("cannot be sent")
        return text_of(item).encode()

    def text_of(item):
        return item.context.messages[-1].content[0].text

    @hookimpl
    def batch_jobs(model):
        return Jobs(model)
"""


@pytest.fixture
def service(site):
    return importlib.import_module(site.provider("jobs", SERVICE))


@pytest.fixture
def runtime(site, service, tmp_path):
    config = Config.from_document({}, environ={})
    registry = Registry(config, installed_claims([str(site.path)]))
    return Runtime(config, registry=registry, cache_directory=tmp_path / "cache")


class Rows:
    """The files of one batch."""

    def __init__(self, folder, runtime):
        self.source, self.output = folder / "rows.jsonl", folder / "out.jsonl"
        self.errors = folder / "out.errors.jsonl"
        self._runtime = runtime

    def write(self, *texts):
        rows = [text if isinstance(text, dict) else {"prompt": text} for text in texts]
        self.source.write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    def batch(self, model="m", job_size=None, **settings):
        settings["model"] = f"jobs/{model}"
        request = BatchRequest(self.source, self.output, settings)
        return ProviderBatch(self._runtime, request, job_size=job_size)

    def answers(self):
        lines = [json.loads(line) for line in self.output.read_text().splitlines()]
        return {each["line"]: each["message"]["content"][0]["text"] for each in lines}

    def failures(self):
        lines = [json.loads(line) for line in self.errors.read_text().splitlines()]
        return {each["line"]: each["error"]["code"] for each in lines}


@pytest.fixture
def rows(tmp_path, runtime):
    return Rows(tmp_path, runtime)


def end(service):
    for job_id in service.jobs:
        service.states[job_id] = "completed"


async def test_rows_are_divided_into_jobs_and_every_row_has_its_line(rows, service):
    rows.write("a", "b", "bad c", "d", {"prompt": "e", "custom_id": "own", "max_tokens": 7})
    async with rows.batch(temperature=0.5) as batch:
        plan = await batch.plan()
        assert (plan.rows, plan.jobs, plan.terms.price_factor) == (5, 0, 0.5)
        jobs = await batch.submit()
        assert [job.lines for job in jobs] == [[(1, 3)], [(4, 5)]]
        assert await batch.fetch() == 2
        end(service)
        assert [job.state for job in await batch.poll()] == ["completed", "completed"]
        assert await batch.fetch() == 0
        summary = batch.summary()
    assert rows.answers() == {1: "did a", 2: "did b", 4: "did d", 5: "did e"}
    assert rows.failures() == {3: "invalid_request"}
    assert (summary.answered, summary.failed, summary.remaining) == (4, 1, 0)
    assert (summary.tokens, summary.cost) == (60, 2.0)
    own = service.jobs["j2"][1]
    assert (own.custom_id, own.options.max_tokens, own.options.temperature) == ("own", 7, 0.5)


async def test_a_line_is_that_of_a_run_on_this_machine(rows, service):
    rows.write({"prompt": "a", "custom_id": "x"})
    async with rows.batch() as batch:
        await batch.submit()
        end(service)
        await batch.fetch()
    (line,) = map(json.loads, rows.output.read_text().splitlines())
    assert sorted(line) == ["attempts", "cost", "custom_id", "line", "message", "usage"]
    assert (line["custom_id"], line["line"], line["cost"], line["attempts"]) == ("x", 1, 0.5, 1)


async def test_the_same_batch_continues_with_its_jobs(rows, service):
    rows.write("a", "b", "c", "d")
    async with rows.batch() as batch:
        await batch.submit()
    async with rows.batch() as batch:
        assert (await batch.plan()).rows == 0
        assert await batch.submit() == []
        end(service)
        assert await batch.fetch() == 0
    assert len(service.jobs) == 2
    assert sorted(rows.answers()) == [1, 2, 3, 4]
    async with rows.batch() as batch:
        assert (await batch.submit(), await batch.fetch()) == ([], 0)
    assert len(rows.output.read_text().splitlines()) == 4


async def test_results_that_were_cut_are_fetched_again_without_a_repetition(
    rows, service, monkeypatch
):
    monkeypatch.setattr("modelwire.batch.provider_batch._AT_ONCE", 1)
    rows.write("a", "b", "c")
    async with rows.batch() as batch:
        await batch.submit()
    end(service)
    service.broken.append("b")
    with pytest.raises(Exception, match="b"):
        async with rows.batch() as batch:
            await batch.fetch()
    assert rows.answers() == {3: "did c"}
    async with rows.batch() as batch:
        assert await batch.fetch() == 0
    assert rows.answers() == {1: "did a", 2: "did b", 3: "did c"}
    assert len(rows.output.read_text().splitlines()) == 3


async def test_rows_that_expired_are_submitted_by_the_next_run(rows, service):
    rows.write("a", "late b", "lost")
    async with rows.batch() as batch:
        await batch.submit()
        end(service)
        await batch.fetch()
    assert rows.failures() == {2: "timeout", 3: "malformed_response"}
    async with rows.batch() as batch:
        (job,) = await batch.submit()
        assert job.lines == [(2, 3)]
        end(service)
        await batch.fetch()
    assert rows.answers()[2] == "did late b"


async def test_rows_that_cannot_be_in_a_job_are_failures_at_once(rows, service):
    rows.write("a", {"prompt": "b", "temperature": "warm"}, {"no": "prompt"})
    async with rows.batch() as batch:
        (job,) = await batch.submit()
        assert job.lines == [(1, 1)]
        assert await batch.submit() == []
    assert rows.failures() == {2: "invalid_request", 3: "invalid_request"}


async def test_items_that_cannot_be_sent_are_failures_and_the_others_are_sent(rows, service):
    rows.write("a", "cannot InvalidRequest", "b", "cannot InvalidMessage", "c", "x" * 20, "d")
    async with rows.batch("written") as batch:
        jobs = await batch.submit()
        assert await batch.submit() == []
        end(service)
        assert await batch.fetch() == 0
        assert batch.summary().remaining == 0
    assert [job.lines for job in jobs] == [[(1, 1), (3, 3)], [(5, 5)], [(7, 7)]]
    assert rows.answers() == {1: "did a", 3: "did b", 5: "did c", 7: "did d"}
    assert rows.failures() == {2: "invalid_request", 4: "invalid_message", 6: "invalid_request"}
    messages = [
        json.loads(line)["error"]["message"] for line in rows.errors.read_text().splitlines()
    ]
    assert messages == [
        "cannot be sent",
        "cannot be sent",
        "The request has 21 bytes, and a job at most 20.",
    ]


async def test_rows_that_are_too_large_for_one_job_are_divided(rows, service):
    rows.write("a" * 9, "b" * 9, "c" * 9)
    async with rows.batch("written") as batch:
        jobs = await batch.submit()
        end(service)
        assert await batch.fetch() == 0
    assert [job.lines for job in jobs] == [[(1, 2)], [(3, 3)]]
    assert sorted(rows.answers()) == [1, 2, 3]


async def test_an_error_that_says_nothing_about_an_item_ends_the_submission(rows, service):
    rows.write("a", "cannot AccessDenied")
    async with rows.batch("written") as batch:
        with pytest.raises(AccessDenied, match="custom_id '2': cannot be sent"):
            await batch.submit()
        assert (await batch.plan()).rows == 2


@pytest.mark.parametrize("count", range(1, 14))
async def test_no_job_has_less_than_half_of_the_rows_that_it_may_have(rows, service, count):
    rows.write(*map(str, range(count)))
    async with rows.batch() as batch:
        jobs = await batch.submit()
    sizes = [sum(last - first + 1 for first, last in job.lines) for job in jobs]
    assert (sum(sizes), max(sizes) <= 3) == (count, True)
    assert len(sizes) == 1 or min(sizes) >= 2


@pytest.mark.parametrize(
    "kind",
    ["InvalidRequest", "AuthenticationError", "RateLimited", "ConfigError", "InvalidMessage"],
)
async def test_a_refused_job_is_forgotten(rows, service, kind):
    rows.write("a", f"refuse {kind}")
    async with rows.batch() as batch:
        with pytest.raises(ModelwireError, match="refused"):
            await batch.submit()
        assert (await batch.plan()).rows == 2
    rows.output.unlink()
    rows.write("a")
    async with rows.batch() as batch:
        assert len(await batch.submit()) == 1


async def test_a_lost_submission_is_not_repeated_blindly(rows, service):
    rows.write("a")
    service.broken.append("lost")
    async with rows.batch() as batch:
        with pytest.raises(RequestTimeout):
            await batch.submit()
        with pytest.raises(BatchError, match="not known whether the job with the key"):
            await batch.submit()
    assert len(service.jobs) == 1


async def test_a_lost_submission_is_repeated_where_the_provider_recognizes_it(rows, service):
    rows.write("a")
    service.broken.append("lost")
    async with rows.batch("keys") as batch:
        with pytest.raises(RequestTimeout):
            await batch.submit()
    async with rows.batch("keys") as batch:
        (job,) = await batch.submit()
        end(service)
        assert await batch.fetch() == 0
    assert (job.id, list(service.jobs)) == ("j1", ["j1"])
    assert rows.answers() == {1: "did a"}


async def test_a_batch_can_be_run_to_its_end(rows, service, monkeypatch):
    rows.write("a", "b", "c", "d")
    seen = []

    def polled(jobs):
        seen.append([job.state for job in jobs])
        end(service)

    async with rows.batch(job_size=2) as batch:
        summary = await batch.run(seconds=0, on_poll=polled)
    assert (summary.answered, summary.remaining) == (4, 0)
    assert seen == [["running", "running"]]


async def test_cancelled_jobs_keep_their_answers(rows, service):
    rows.write("a", "lost")
    async with rows.batch() as batch:
        await batch.submit()
        assert [job.state for job in await batch.cancel()] == ["cancelled"]
        await batch.fetch()
    assert rows.answers() == {1: "did a"}
    assert rows.failures() == {2: "cancelled"}


async def test_a_job_that_was_submitted_elsewhere_is_adopted_by_its_id(rows, service):
    rows.write("a", "b")
    async with rows.batch() as batch:
        await batch.submit()
    for path in rows.output.parent.glob(".out.jsonl.*"):
        path.unlink()
    rows.output.unlink()
    rows.write("a", "b", "c", {"no": "prompt"})
    end(service)
    async with rows.batch() as batch:
        assert (await batch.adopt("j1")).state == "completed"
        assert (await batch.adopt("j1")).id == "j1"
        assert (await batch.plan()).rows == 0
        assert await batch.fetch() == 0
        assert rows.answers() == {1: "did a", 2: "did b"}
        (job,) = await batch.submit()
        assert job.lines == [(3, 3)]


async def test_jobs_of_another_model_are_not_mixed(rows, service):
    rows.write("a")
    async with rows.batch() as batch:
        await batch.submit()
    with pytest.raises(BatchError, match="are of the model jobs/m, not jobs/keys"):
        async with rows.batch("keys"):
            pass
    async with rows.batch() as batch:  # the lock was released
        assert (await batch.plan()).jobs == 1


async def test_fallbacks_are_refused(rows, service):
    rows.write("a")
    with pytest.raises(InvalidRequest, match="no fallbacks"):
        async with rows.batch(fallbacks=("jobs/keys",)):
            pass


async def test_a_damaged_list_of_jobs_is_an_error(rows, service):
    rows.write("a")
    (rows.output.parent / ".out.jsonl.jobs.json").write_text("{}")
    with pytest.raises(BatchError, match="cannot be read"):
        async with rows.batch():
            pass


@given(st.sets(st.integers(1, 60)), st.integers(0, 61))
@settings(deadline=None)
def test_lines_are_kept_as_ranges(lines, number):
    ranges = line_ranges(sorted(lines))
    assert [line for first, last in ranges for line in range(first, last + 1)] == sorted(lines)
    assert within(ranges)(number) == (number in lines)
