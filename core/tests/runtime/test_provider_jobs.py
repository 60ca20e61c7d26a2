"""Batch jobs at a provider: what is checked before and after the plugin is called."""

import importlib

import pytest

from modelwire.errors import (
    Cancelled,
    InvalidRequest,
    MalformedResponse,
    Overloaded,
    PluginError,
    RequestTimeout,
)
from modelwire.hookspecs import BatchItem, BatchJob, CompletionOptions
from modelwire.messages import Context, Image, UserMessage
from modelwire.runtime import ProviderJobs
from modelwire.transport import RetryPolicy

# Each model of this provider misbehaves in the way that its id says.
JOBS = """
    from modelwire import errors
    from modelwire.hookspecs import BatchJob, BatchResult, BatchTerms, hookimpl
    from modelwire.messages import AssistantMessage, Text

    calls = []
    items_of = {}
    closed = []

    class Jobs:
        def __init__(self, model):
            self.name = model.id
            self.terms = BatchTerms(max_items=3, min_items=2 if model.id == "least" else None)

        async def submit_batch(self, items, key):
            calls.append(("submit", key))
            if self.name == "lost":
                raise errors.RequestTimeout("no answer", provider="jobs", model="lost")
            items_of["j1"] = list(items)
            return BatchJob("j1", "queued", len(items))

        async def poll_batch(self, job_id):
            calls.append(("poll", job_id))
            if self.name == "busy" and len(calls) < 3:
                raise errors.Overloaded("busy", provider="jobs", model="busy", retry_after=0)
            if self.name == "garbage":
                return {"id": job_id}
            if self.name == "bug":
                raise KeyError("x")
            state = self.name if self.name in ("failed", "expired", "cancelled") else "completed"
            return BatchJob(job_id, state, message="line 1: no model" if state == "failed" else None)

        async def fetch_batch(self, job_id, items):
            calls.append(("fetch", tuple(items)))
            try:
                if self.name == "busy" and len(calls) < 3:
                    raise errors.Overloaded("busy", provider="jobs", model="busy", retry_after=0)
                for item in items_of[job_id]:
                    if item.custom_id == "bad":
                        refused = errors.InvalidRequest("no", provider="jobs", model=self.name)
                        yield BatchResult("bad", error=refused)
                    else:
                        text = item.context.messages[0].content[0].text
                        yield BatchResult(item.custom_id, AssistantMessage([Text(text)], "jobs", "m"))
                if self.name == "garbage":
                    yield "a result"
            finally:
                closed.append(job_id)

        async def cancel_batch(self, job_id):
            return BatchJob(job_id, "cancelling")

    @hookimpl
    def batch_jobs(model):
        if model.id == "none":
            return None
        return Jobs(model)
"""

QUICK = RetryPolicy(base=0.0)


@pytest.fixture
def plugin(site):
    """The module of the plugin."""
    name = site.provider("jobs", JOBS)
    site.provider("echo")
    return importlib.import_module(name)


@pytest.fixture
def jobs_of(plugin, make_runtime):
    runtime = make_runtime(
        {"agents": {"defaults": {"models": {"jobs/m": {"params": {"topP": 0.5}}}}}}
    )
    return lambda ref, retries=QUICK: ProviderJobs.of(runtime, ref, retries=retries)


def item(custom_id, text="hello", **options):
    return BatchItem(custom_id, Context([UserMessage(text)]), CompletionOptions(**options))


async def test_items_go_to_the_plugin_and_its_results_come_back(jobs_of, plugin):
    jobs = await jobs_of("jobs/m")
    job = await jobs.submit([item("a", "one"), item("bad")], key="k1")
    assert job == BatchJob("j1", "queued", 2)
    assert plugin.calls == [("submit", "k1")]
    assert (await jobs.poll("j1")).ended
    results = {result.custom_id: result async for result in jobs.fetch("j1")}
    assert results["a"].message.text == "one"
    assert isinstance(results["bad"].error, InvalidRequest)
    assert (await jobs.cancel("j1")).state == "cancelling"


async def test_the_options_of_an_item_are_completed_from_the_configuration(jobs_of, plugin):
    jobs = await jobs_of("jobs/m")
    await jobs.submit([item("a", temperature=0.1), item("b", top_p=0.9)])
    first, second = plugin.items_of["j1"]
    assert (first.options.temperature, first.options.top_p) == (0.1, 0.5)
    assert second.options.top_p == 0.9


async def test_every_submission_has_a_key_of_its_own(jobs_of, plugin):
    jobs = await jobs_of("jobs/m")
    await jobs.submit([item("a")])
    await jobs.submit([item("a")])
    (_, first), (_, second) = plugin.calls
    assert first != second
    assert first.isalnum()


@pytest.mark.parametrize(
    ("model", "items", "said"),
    [
        ("m", [], "no items"),
        ("m", [item("a"), item("a")], "Two items have the custom_id 'a'"),
        ("m", [item(name) for name in "abcd"], "at most 3 items, not 4"),
        ("least", [item("a")], "at least 2 items, not 1"),
    ],
    ids=["none", "twice", "many", "few"],
)
async def test_items_that_the_terms_do_not_allow_are_refused_before_anything_is_sent(
    jobs_of, plugin, model, items, said
):
    jobs = await jobs_of(f"jobs/{model}")
    with pytest.raises(InvalidRequest, match=said):
        await jobs.submit(items)
    assert plugin.calls == []


async def test_a_key_is_of_letters_and_digits(jobs_of, plugin):
    jobs = await jobs_of("jobs/m")
    with pytest.raises(InvalidRequest, match="letters and digits"):
        await jobs.submit([item("a")], key="../x")
    assert plugin.calls == []


async def test_a_submission_whose_outcome_is_not_known_is_not_repeated(jobs_of, plugin):
    jobs = await jobs_of("jobs/lost")
    with pytest.raises(RequestTimeout):
        await jobs.submit([item("a")], key="k1")
    assert plugin.calls == [("submit", "k1")]


async def test_polls_and_fetches_are_retried(jobs_of, plugin):
    jobs = await jobs_of("jobs/busy")
    await jobs.submit([item("a")])
    assert (await jobs.poll("j1")).ended
    assert [name for name, _ in plugin.calls] == ["submit", "poll", "poll"]
    plugin.calls[:] = [("submit", "")]
    assert [result.custom_id async for result in jobs.fetch("j1", [item("a")])] == ["a"]
    assert plugin.calls[1:] == [("fetch", ("a",))] * 2


async def test_retries_end(jobs_of, plugin):
    jobs = await jobs_of("jobs/busy", RetryPolicy(max_attempts=1))
    with pytest.raises(Overloaded):
        await jobs.poll("j1")
    assert plugin.calls == [("poll", "j1")]


@pytest.mark.parametrize("model", ["garbage", "bug"])
async def test_what_is_not_a_job_is_a_bug_of_the_plugin(jobs_of, model):
    jobs = await jobs_of(f"jobs/{model}")
    with pytest.raises(PluginError):
        await jobs.poll("j1")


async def test_what_is_not_a_result_is_a_bug_of_the_plugin_after_the_results(jobs_of, plugin):
    jobs = await jobs_of("jobs/garbage")
    await jobs.submit([item("a")])
    found = []
    with pytest.raises(PluginError, match="str where BatchResult is due"):
        async for result in jobs.fetch("j1"):
            found.append(result.custom_id)
    assert found == ["a"]


@pytest.mark.parametrize(
    ("model", "kind", "said"),
    [
        ("cancelled", Cancelled, "cancelled before"),
        ("expired", RequestTimeout, "expired before"),
        ("failed", InvalidRequest, "failed before this item was answered: line 1: no model"),
        ("m", MalformedResponse, "do not contain this item"),
    ],
)
async def test_an_item_without_a_result_has_an_error_that_says_why(jobs_of, model, kind, said):
    jobs = await jobs_of(f"jobs/{model}")
    await jobs.submit([item("a")])
    found = [each async for each in jobs.fetch("j1", [item("a"), item("b")])]
    assert [each.custom_id for each in found] == ["a", "b"]
    assert found[0].message.text == "hello"
    with pytest.raises(kind, match=said):
        raise found[1].error


async def test_results_that_are_not_wanted_any_more_close_the_download(jobs_of, plugin):
    jobs = await jobs_of("jobs/m")
    await jobs.submit([item("a"), item("b")])
    results = jobs.fetch("j1")
    await anext(results)
    await results.aclose()
    assert plugin.closed == ["j1"]


async def test_a_plugin_without_jobs_is_named(jobs_of):
    with pytest.raises(InvalidRequest, match="cannot run batch jobs"):
        await jobs_of("echo/m")
    with pytest.raises(PluginError, match="BatchJobs is due"):
        await jobs_of("jobs/none")


async def test_an_item_that_the_model_cannot_answer_is_named(plugin, make_runtime):
    models = [{"id": "plain", "input": ["text"]}]
    runtime = make_runtime({"models": {"providers": {"jobs": {"models": models}}}})
    jobs = await ProviderJobs.of(runtime, "jobs/plain")
    picture = Context([UserMessage([Image(b"x", "image/png")])])
    with pytest.raises(InvalidRequest, match="custom_id 'b'"):
        await jobs.submit([item("a"), BatchItem("b", picture, CompletionOptions())])
    assert plugin.calls == []
