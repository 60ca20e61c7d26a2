"""The Batch API: files of requests like those of single answers, and results in either API."""

import asyncio

import httpx
import pytest
from openai import OpenAI

from modelwire import Runtime
from modelwire.errors import (
    Cancelled,
    ContextOverflow,
    InvalidRequest,
    MalformedResponse,
    NotFound,
    RateLimited,
    RequestTimeout,
    ServerError,
)
from modelwire.hookspecs import BatchItem, CompletionOptions
from modelwire.messages import Context, Tool, UserMessage
from modelwire.runtime import ProviderJobs
from modelwire.testing import Reply, ScriptedAnswer, WireServer
from modelwire.transport import RetryPolicy
from modelwire_openai.batch_jobs import TERMS
from modelwire_openai.testing import ChatCompletionsWire, ResponsesWire
from modelwire_openai.testing_batches import answered, expired, refused

WIRES = {"openai-completions": ChatCompletionsWire(), "openai-responses": ResponsesWire()}
ROUTES = {"openai-completions": "/v1/chat/completions", "openai-responses": "/v1/responses"}
KEY = "sk-a-key-of-some-length"
ONCE = RetryPolicy(max_attempts=1)


@pytest.fixture(params=sorted(WIRES))
def api(request):
    return request.param


@pytest.fixture
def service(api):
    return WIRES[api].batch_service()


@pytest.fixture
def server(service):
    with WireServer(service.answer) as made:
        yield made


@pytest.fixture
async def runtime(server, api, tmp_path):
    model = {"id": "gpt-5-mini", "api": api, "cost": {"input": 1.0, "output": 5.0}}
    provider = {"baseUrl": f"{server.url}/v1", "apiKey": KEY, "models": [model]}
    document = {"models": {"providers": {"openai": provider}}}
    async with Runtime.from_config(
        document, environ={}, retries=ONCE, cache_directory=tmp_path
    ) as made:
        yield made


@pytest.fixture
async def jobs(runtime):
    return await ProviderJobs.of(runtime, "openai/gpt-5-mini", retries=ONCE)


def item(custom_id, text="Hello?", tools=(), **options):
    context = Context([UserMessage(text)], tools=list(tools))
    return BatchItem(custom_id, context, CompletionOptions(**options))


async def results_of(jobs, job, items=()):
    return {result.custom_id: result async for result in jobs.fetch(job.id, items)}


async def test_a_file_holds_the_requests_of_single_answers(jobs, service, server, runtime, api):
    job = await jobs.submit([item("a", max_tokens=20), item("ü / 2", "Bye?")], key="k1")
    assert (job.state, job.total) == ("queued", None)
    first, second = service.lines(job.id)
    assert (first["custom_id"], second["custom_id"]) == ("a", "ü / 2")
    assert (first["method"], first["url"]) == ("POST", ROUTES[api])
    described = service.jobs[job.id]
    assert (described["endpoint"], described["completion_window"]) == (ROUTES[api], "24h")
    assert described["metadata"] == {"modelwire": "k1"}
    # The same as a single request sends, but for streaming.
    server.script(Reply([b"{}"], 400))
    with pytest.raises(InvalidRequest):
        await runtime.complete("Bye?", model="openai/gpt-5-mini")
    single = server.requests[-1].data
    assert single.pop("stream") is True
    single.pop("stream_options", None)
    assert second["body"] == single


async def test_results_are_messages_with_half_the_price_or_typed_errors(jobs, service, api):
    job = await jobs.submit([item(name) for name in "abcde"])
    answer = WIRES[api].batch_service()._write(ScriptedAnswer("Good day."))
    limited = {
        "error": {"message": "Slow down.", "type": "requests", "code": "rate_limit_exceeded"}
    }
    long = {
        "message": "Too long.",
        "type": "invalid_request_error",
        "code": "context_length_exceeded",
    }
    service.finish_with(
        job.id,
        [answered("b", answer), answered("z", {"oops": 1})],
        [
            refused("a"),
            expired("c"),
            answered("d", limited, 429),
            answered("e", {"error": long}, 400),
        ],
    )
    job = await jobs.poll(job.id)
    assert (job.state, job.succeeded, job.failed) == ("completed", 2, 4)
    found = await results_of(jobs, job)
    message = found["b"].message
    assert (message.text, message.api) == ("Good day.", api)
    assert message.usage.cost.total == pytest.approx((17 * 1.0 + 23 * 5.0) / 1e6 / 2)
    kinds = {name: type(result.error) for name, result in found.items() if result.error}
    assert kinds.pop("z") in (MalformedResponse, ServerError)
    assert kinds == {
        "a": InvalidRequest,
        "c": RequestTimeout,
        "d": RateLimited,
        "e": ContextOverflow,
    }
    assert found["a"].error.request_id == "req_7"
    assert str(found["a"].error) == service.REFUSAL


async def test_an_expired_batch_keeps_the_answers_that_it_has(jobs, service, api):
    items = [item("a"), item("b"), item("c")]
    job = await jobs.submit(items)
    answer = WIRES[api].batch_service()._write(ScriptedAnswer("In time."))
    service.finish_with(job.id, [answered("a", answer)], [expired("b")], status="expired")
    found = await results_of(jobs, job, items)
    assert found["a"].message.text == "In time."
    assert [type(found[name].error) for name in "bc"] == [RequestTimeout, RequestTimeout]


async def test_a_file_that_is_not_valid_says_which_line(jobs, service):
    items = [item("a")]
    job = await jobs.submit(items)
    error = {
        "code": "invalid_json_line",
        "line": 1,
        "message": "This line is not JSON.",
        "param": None,
    }
    service.finish_with(job.id, [], [], status="failed")
    service.jobs[job.id]["errors"] = {"object": "list", "data": [error]}
    job = await jobs.poll(job.id)
    assert (job.state, job.message) == ("failed", "line 1: This line is not JSON.")
    error = (await results_of(jobs, job, items))["a"].error
    assert "line 1: This line is not JSON." in str(error)


async def test_a_cancelled_batch_says_so(jobs, service):
    items = [item("a")]
    job = await jobs.submit(items)
    assert (await jobs.cancel(job.id)).state == "cancelling"
    with pytest.raises(InvalidRequest, match="has not ended; it is cancelling"):
        await results_of(jobs, job, items)
    service.finish_with(job.id, [], [], status="cancelled")
    assert isinstance((await results_of(jobs, job, items))["a"].error, Cancelled)


async def test_tools_get_their_own_names_back(jobs, service, api):
    tool = Tool("look up/it", "Look it up.", {"type": "object", "properties": {}})
    asked = [item("a", tools=[tool])]
    job = await jobs.submit(asked)
    (sent,) = service.sent_items(job.id)["a"]["tools"]
    name = sent.get("function", sent)["name"]
    assert name != tool.name
    if api == "openai-completions":
        call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": '{"x": 1}'}}
        choice = {
            "index": 0,
            "message": {"role": "assistant", "tool_calls": [call]},
            "finish_reason": "tool_calls",
        }
        body = {"object": "chat.completion", "choices": [choice]}
    else:
        call = {
            "type": "function_call",
            "id": "fc",
            "call_id": "c1",
            "name": name,
            "arguments": '{"x": 1}',
        }
        body = {"object": "response", "status": "completed", "output": [call]}
    service.finish_with(job.id, [answered("a", body)], [])
    (call,) = (await results_of(jobs, job, asked))["a"].message.tool_calls
    assert (call.name, call.arguments) == (tool.name, {"x": 1})


async def test_a_batch_that_does_not_exist_is_not_found(jobs, service):
    for name in ("batch_9", "../files", "a/b?c"):
        with pytest.raises((NotFound, InvalidRequest)):
            await jobs.poll(name)


async def test_an_answer_that_describes_no_batch_is_malformed(jobs, service):
    job = await jobs.submit([item("a")])
    service.jobs[job.id]["status"] = "new"
    with pytest.raises(MalformedResponse):
        await jobs.poll(job.id)


async def test_terms_are_those_of_openai_only(jobs):
    assert jobs.terms == TERMS
    assert (TERMS.max_items, TERMS.hours, TERMS.price_factor) == (50_000, 24, 0.5)


async def test_openais_own_client_reads_the_documents_of_the_service(jobs, service, server):
    job = await jobs.submit([item("a"), item("b")])
    service.finish(job.id, {"a": ScriptedAnswer("Yes."), "b": "refused"})

    def ask():
        with OpenAI(
            base_url=f"{server.url}/v1", api_key=KEY, http_client=httpx.Client(trust_env=False)
        ) as client:
            batch = client.batches.retrieve(job.id)
            return batch, client.files.content(batch.output_file_id).text

    batch, text = await asyncio.to_thread(ask)
    assert (batch.status, batch.request_counts.completed, batch.request_counts.failed) == (
        "completed",
        1,
        1,
    )
    assert '"custom_id": "a"' in text
