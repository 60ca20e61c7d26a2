"""Message Batches: requests like those of single answers, and results as messages or typed errors."""

import pytest

from modelwire.errors import (
    Cancelled,
    ContentFiltered,
    InvalidRequest,
    MalformedResponse,
    NotFound,
    Overloaded,
    RequestTimeout,
)
from modelwire.hookspecs import BatchItem, CompletionOptions
from modelwire.messages import Context, Tool, UserMessage
from modelwire.runtime import ProviderJobs
from modelwire.testing import Reply, WireServer
from modelwire.transport import RetryPolicy
from modelwire_anthropic.messages.batch_jobs import TERMS
from modelwire_anthropic.testing_batches import MessageBatchService

MODEL = "anthropic/claude-haiku-4-5"
PRICES = {"input": 1.0, "output": 5.0}
ONCE = RetryPolicy(max_attempts=1)


@pytest.fixture
def service():
    return MessageBatchService()


@pytest.fixture
def server(service):
    with WireServer(service.answer) as made:
        yield made


@pytest.fixture
def jobs_of(runtime):
    settings = {"models": [{"id": "claude-haiku-4-5", "cost": PRICES}]}

    async def make(ref=MODEL, **changes):
        return await ProviderJobs.of(runtime({**settings, **changes}), ref, retries=ONCE)

    return make


def item(custom_id, text="Hello?", tools=(), **options):
    context = Context([UserMessage(text)], tools=list(tools))
    return BatchItem(custom_id, context, CompletionOptions(**options))


async def results_of(jobs, job, items=()):
    return {result.custom_id: result async for result in jobs.fetch(job.id, items)}


async def test_a_batch_holds_the_requests_of_single_answers(jobs_of, service, runtime, server):
    jobs = await jobs_of()
    job = await jobs.submit([item("a", temperature=0.5), item("b", "Bye?", max_tokens=9)])
    assert (job.id, job.state, job.total) == ("msgbatch_1", "running", 2)
    first, second = service.jobs[job.id]
    assert (first["custom_id"], second["custom_id"]) == ("a", "b")
    assert first["params"]["temperature"] == 0.5
    assert second["params"]["max_tokens"] == 9
    # The same as a single request sends, but for `stream`.
    server.script(Reply([b"{}"], 400))
    with pytest.raises(InvalidRequest):
        await runtime().complete("Bye?", model=MODEL, max_tokens=9)
    single = server.requests[-1].data
    assert single.pop("stream") is True
    assert second["params"] == single


def errored(kind, message):
    """A result as the service writes it."""
    error = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_7"}
    return {"type": "errored", "error": error}


def succeeded(**fields):
    """A result as the service writes it, with some fields of the message."""
    message = {
        "type": "message",
        "role": "assistant",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    return {"type": "succeeded", "message": {**message, **fields}}


async def test_results_are_messages_with_half_the_price_or_typed_errors(jobs_of, service):
    jobs = await jobs_of()
    job = await jobs.submit([item(name) for name in "abcdefg"])
    usage = {"input_tokens": 10, "output_tokens": 4, "service_tier": "batch"}
    text = [{"type": "text", "text": "Good day."}]
    service.finish_with(
        job.id,
        {
            "b": errored("invalid_request_error", "max_tokens: too large"),
            "a": succeeded(content=text, stop_reason="end_turn", usage=usage),
            "c": {"type": "expired"},
            "d": {"type": "canceled"},
            "e": errored("overloaded_error", "Overloaded"),
            "f": succeeded(content=[], stop_reason="refusal"),
            "g": {"type": "succeeded"},
        },
    )
    job = await jobs.poll(job.id)
    assert (job.ended, job.state, job.succeeded, job.failed) == (True, "cancelled", 3, 4)
    found = await results_of(jobs, job)
    assert list(found) == [*"bacdefg"]
    answer = found["a"].message
    assert (answer.text, answer.api, answer.usage.output) == ("Good day.", "anthropic-messages", 4)
    assert answer.usage.cost.total == pytest.approx((10 * 1.0 + 4 * 5.0) / 1e6 / 2)
    kinds = {name: type(result.error) for name, result in found.items() if result.error}
    assert kinds == {
        "b": InvalidRequest,
        "c": RequestTimeout,
        "d": Cancelled,
        "e": Overloaded,
        "f": ContentFiltered,
        "g": MalformedResponse,
    }
    assert found["b"].error.request_id == "req_7"


async def test_tools_get_their_own_names_back(jobs_of, service):
    tool = Tool("look up/it", "Look it up.", {"type": "object", "properties": {}})
    jobs = await jobs_of()
    asked = [item("a", tools=[tool])]
    job = await jobs.submit(asked)
    name = service.sent_items(job.id)["a"]["tools"][0]["name"]
    assert name != tool.name
    block = {"type": "tool_use", "id": "t1", "name": name, "input": {"x": 1}}
    service.finish_with(job.id, {"a": succeeded(content=[block], stop_reason="tool_use")})
    (call,) = (await results_of(jobs, job, asked))["a"].message.tool_calls
    assert (call.name, call.arguments) == (tool.name, {"x": 1})
    (call,) = (await results_of(jobs, job))["a"].message.tool_calls
    assert call.name == name


async def test_a_batch_that_runs_has_no_results_yet(jobs_of, service):
    jobs = await jobs_of()
    job = await jobs.submit([item("a")])
    with pytest.raises(InvalidRequest, match="has not ended; it is running"):
        await results_of(jobs, job)
    assert (await jobs.cancel(job.id)).state == "cancelling"
    with pytest.raises(InvalidRequest, match="it is cancelling"):
        await results_of(jobs, job)


async def test_a_batch_that_does_not_exist_is_not_found(jobs_of):
    with pytest.raises(NotFound):
        await (await jobs_of()).poll("msgbatch_9")


@pytest.mark.parametrize("target", ["../../other", "a/b?c"])
async def test_an_id_cannot_name_another_route(jobs_of, service, target):
    jobs = await jobs_of()
    with pytest.raises(NotFound):
        await jobs.poll(target)
    path = service.requests[-1].target.removeprefix("/v1/messages/batches/")
    assert not {*"/?"} & {*path}


async def test_an_id_that_is_too_long_is_refused_before_anything_is_sent(jobs_of, service):
    jobs = await jobs_of()
    with pytest.raises(InvalidRequest, match=r"custom_id 'a{65}': .*64 characters"):
        await jobs.submit([item("a" * 65)])
    assert service.requests == []


async def test_betas_of_the_items_are_named_once(jobs_of, service):
    jobs = await jobs_of()
    betas = {"betas": ["one-2026", "two-2026"]}
    await jobs.submit([item("a", params=betas), item("b", params={"betas": ["one-2026"]})])
    assert service.requests[-1].headers["anthropic-beta"] == "one-2026,two-2026"


async def test_terms_are_those_of_anthropic_only(jobs_of):
    assert (await jobs_of()).terms == TERMS
    assert (TERMS.max_items, TERMS.hours, TERMS.price_factor) == (100_000, 24, 0.5)


async def test_clouds_without_batches_are_refused_without_a_request(jobs_of, service):
    address = "https://bedrock-runtime.us-east-1.amazonaws.com"
    jobs = await jobs_of(baseUrl=address)
    with pytest.raises(InvalidRequest, match="no batch jobs"):
        await jobs.poll("msgbatch_1")
    assert service.requests == []


@pytest.mark.parametrize("answer", [[], {}, {"id": "x", "processing_status": "new"}])
async def test_an_answer_that_describes_no_batch_is_malformed(jobs_of, service, answer):
    service.description = answer
    with pytest.raises(MalformedResponse):
        await (await jobs_of()).submit([item("a")])
