"""Whole operations: answers with all their tries, agents and tools."""

import asyncio
import json
import sys
from importlib.metadata import version

import pytest
from aiohttp import web
from opentelemetry import trace
from opentelemetry.trace import StatusCode

from modelwire import Agent, Deadlines, Runtime
from modelwire.errors import ModelwireError, RateLimited, RequestTimeout
from modelwire.events import TextDelta
from modelwire.hookspecs import CompletionOperation, CompletionOptions
from modelwire.messages import Context, Image, Text, UserMessage
from modelwire.models import Model
from modelwire_otel.conventions import OPT_IN
from modelwire_otel.instruments import instruments

USAGE = {"prompt_tokens": 120, "completion_tokens": 8}
LATEST = {OPT_IN: "http,gen_ai_latest_experimental"}


def chunk(delta, finish=None, usage=None):
    return {
        "id": "chatcmpl-7",
        "model": "gpt-large-2026",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        "usage": usage,
    }


HELLO = [chunk({"content": "Hello."}), chunk({}, "stop", USAGE)]
CALL = {"index": 0, "id": "c1", "function": {"name": "rain", "arguments": '{"city": "Oslo"}'}}
CALLS = [chunk({"tool_calls": [CALL]}), chunk({}, "tool_calls", USAGE)]


async def test_one_span_covers_all_tries_and_tells_of_those_that_failed(
    runtime, service, spans, measured
):
    service.chunks, service.refuse_first = HELLO, 2
    async with runtime(retries=3) as live:
        await live.complete("Hi", model="acme/tried")
    (span,) = spans()
    assert span.status.status_code is StatusCode.UNSET
    assert span.attributes["modelwire.tries"] == 3
    assert [event.name for event in span.events] == ["modelwire.try_failed"] * 2
    first = dict(span.events[0].attributes)
    assert first.pop("modelwire.wait") == 0
    assert first.pop("error.message")
    assert first == {
        "modelwire.try": 1,
        "modelwire.model": "acme/tried",
        "error.type": "overloaded",
    }
    ((attributes, count),) = measured()["gen_ai.client.operation.duration"]
    assert (count, "error.type" in attributes) == (1, False)


async def test_a_fallback_is_in_the_same_span(runtime, service, spans):
    service.chunks, service.refuse_first = HELLO, 1
    async with runtime() as live:
        await live.complete("Hi", model="acme/large", fallbacks=["spare/small"])
    (span,) = spans()
    assert span.name == "chat small"
    assert span.attributes["gen_ai.provider.name"] == "spare"
    assert span.attributes["server.address"] == "localhost"
    assert span.attributes["modelwire.fallback_of"] == "acme/large"
    assert [event.attributes["modelwire.model"] for event in span.events] == ["acme/large"]


@pytest.mark.parametrize("deadline", ["total", "first_event", "idle"])
async def test_every_deadline_that_passes_is_an_error(runtime, service, spans, deadline):
    service.chunks, service.hold = ([] if deadline == "first_event" else HELLO[:1]), True
    async with runtime() as live:
        with pytest.raises(RequestTimeout):
            await live.complete("Hi", model="acme/late", deadlines=Deadlines(**{deadline: 0.3}))
    (span,) = spans()
    assert span.attributes["error.type"] == "timeout"
    assert span.status.status_code is StatusCode.ERROR


async def test_the_newest_conventions_are_followed_where_the_environment_asks(
    runtime, service, spans, measured
):
    service.chunks = HELLO
    options = {"reasoning": "low", "params": {"top_k": 5, "seed": 7}}
    async with runtime(environ=LATEST) as live:
        await live.complete("Hi", model="acme/new", **options)
        await live.embed("a text", model="acme/new")
        service.chunks, service.ended = HELLO[:1], False
        with pytest.raises(ModelwireError):
            await live.complete("Hi", model="acme/new")
    span, embeddings, cut = spans()
    assert span.attributes["gen_ai.request.reasoning.level"] == "low"
    assert span.attributes["gen_ai.request.top_k"] == 5
    assert span.attributes["gen_ai.request.seed"] == 7
    assert span.attributes["gen_ai.usage.cache_write.input_tokens"] == 0
    assert "gen_ai.usage.cache_creation.input_tokens" not in span.attributes
    assert cut.attributes["gen_ai.response.finish_reasons"] == ("error",)
    assert embeddings.name == "embeddings new"
    found = {name: points for name, points in measured().items() if points}
    assert set(found) == {
        "gen_ai.client.inference.duration",
        "gen_ai.client.inference.time_to_first_chunk",
        "gen_ai.client.inference.usage.input_tokens",
        "gen_ai.client.inference.usage.output_tokens",
        "gen_ai.client.embeddings.duration",
        "gen_ai.client.embeddings.operation.input_tokens",
    }
    ((attributes, tokens),) = found["gen_ai.client.inference.usage.input_tokens"]
    assert (attributes["gen_ai.request.model"], tokens) == ("new", 120)
    assert (span.instrumentation_scope.schema_url or None) is None


async def test_the_scope_names_its_version_and_its_schema(runtime, service, spans):
    service.chunks = HELLO
    async with runtime() as live:
        await live.complete("Hi", model="acme/large", reasoning="low")
    (span,) = spans()
    scope = span.instrumentation_scope
    assert (scope.name, scope.version, scope.schema_url) == (
        "modelwire_otel",
        version("modelwire-otel"),
        "https://opentelemetry.io/schemas/1.40.0",
    )
    assert span.attributes["modelwire.request.reasoning_level"] == "low"
    assert "gen_ai.request.reasoning.level" not in span.attributes


async def test_the_cost_and_the_id_of_the_request_are_recorded(runtime, service, spans):
    service.chunks, service.headers = HELLO, {"x-request-id": "req-42"}
    async with runtime() as live:
        await live.complete("Hi", model="acme/priced")
        await live.complete("Hi", model="acme/large")
    priced, unknown = spans()
    assert priced.attributes["modelwire.usage.cost_usd"] == pytest.approx(0.00812)
    assert "modelwire.usage.cost_usd" not in unknown.attributes
    assert priced.attributes["modelwire.request_id"] == "req-42"


async def test_where_a_request_went_is_known_without_a_configured_address(service, spans, tmp_path):
    async def refuse(request):
        headers = {"x-amzn-RequestId": "aws-7", "x-amzn-ErrorType": "ThrottlingException"}
        return web.json_response({"message": "Slow down."}, status=429, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    environ = {
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret-of-a-test",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": f"http://127.0.0.1:{port}",
    }
    async with Runtime.from_config({}, environ=environ, cache_directory=tmp_path) as live:
        with pytest.raises(RateLimited):
            await live.complete(
                "Hi",
                model="amazon-bedrock/amazon.nova-lite-v1:0",
                deadlines=Deadlines(total=20),
            )
    await runner.cleanup()
    span = spans()[-1]
    assert span.attributes["gen_ai.provider.name"] == "aws.bedrock"
    assert (span.attributes["server.address"], span.attributes["server.port"]) == (
        "127.0.0.1",
        port,
    )
    assert span.attributes["aws.request_id"] == "aws-7"


def rain(city: str) -> str:
    """Say whether it rains."""
    with trace.get_tracer("test").start_as_current_span("inside"):
        if city == "Atlantis":
            raise LookupError(city)
    return f"It rains in {city}."


async def test_an_agent_is_a_span_with_its_answers_and_tools_inside(runtime, service, spans):
    service.answers = [CALLS, HELLO]
    async with runtime(captureContent=True) as live:
        agent = Agent.from_config("clerk", tools=[rain], runtime=live)
        async with agent.stream("Rain?", session_id=None) as stream:
            async for _ in stream:
                assert trace.get_current_span() is trace.INVALID_SPAN
    found = {span.name: span for span in spans()}
    chats = [span for span in spans() if span.name == "chat large"]
    agent, tool = found["invoke_agent clerk"], found["execute_tool rain"]
    assert [span.parent.span_id for span in (*chats, tool)] == [agent.context.span_id] * 3
    assert found["inside"].parent.span_id == tool.context.span_id
    assert agent.parent is None
    assert dict(agent.attributes) == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "clerk",
        "gen_ai.provider.name": "acme",
        "gen_ai.request.model": "large",
        "gen_ai.usage.input_tokens": 240,
        "gen_ai.usage.output_tokens": 16,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "gen_ai.usage.cache_creation.input_tokens": 0,
    }
    assert dict(tool.attributes) == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "rain",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "c1",
        "gen_ai.tool.description": "Say whether it rains.",
        "gen_ai.tool.call.arguments": '{"city": "Oslo"}',
        "gen_ai.tool.call.result": "It rains in Oslo.",
    }


async def test_a_tool_that_fails_and_an_agent_that_is_left_say_so(runtime, service, spans):
    wrong = {**CALL, "function": {"name": "rain", "arguments": '{"city": "Atlantis"}'}}
    service.answers = [[chunk({"tool_calls": [wrong]}), chunk({}, "tool_calls", USAGE)]]
    service.chunks, service.hold = HELLO[:1], True
    async with runtime() as live:
        agent = Agent("acme/large", tools=[rain], runtime=live)
        service.hold = False
        async with agent.stream("Rain?") as stream:
            async for item in stream:
                if type(item).__name__ == "ToolRun":
                    break
    found = {span.name: span for span in spans()}
    tool, agent = found["execute_tool rain"], found["invoke_agent"]
    assert (tool.attributes["error.type"], tool.status.status_code) == (
        "tool_error",
        StatusCode.ERROR,
    )
    assert (agent.attributes["error.type"], agent.status.status_code) == (
        "cancelled",
        StatusCode.UNSET,
    )
    assert "gen_ai.tool.call.arguments" not in tool.attributes


async def test_content_is_limited_and_says_what_was_left_out(runtime, service, spans):
    service.chunks = [chunk({"content": "x" * 5_000}), chunk({}, "stop", USAGE)]
    picture = Image(b"\x89PNG" + bytes(300_000), "image/png")
    context = Context(
        [
            UserMessage("an old question " * 100),
            UserMessage([Text("y" * 3_000), picture]),
        ],
        "z" * 3_000,
    )
    async with runtime(captureContent=True, contentLimit=1000) as live:
        await live.complete(context, model="acme/large")
    (span,) = spans()
    for name, value in span.attributes.items():
        if isinstance(value, str):
            assert len(value) < 2_000, name
    (kept,) = json.loads(span.attributes["gen_ai.input.messages"])
    text, blob = kept["parts"]
    assert text["content"].endswith("… (2000 characters left out)")
    assert (blob["content"], blob["modelwire.left_out"]) == ("", "300004 bytes")
    assert span.attributes["modelwire.left_out.gen_ai.input.messages"] == 1
    (said,) = json.loads(span.attributes["gen_ai.output.messages"])
    assert said["parts"][0]["content"].startswith("x" * 1000 + "…")


async def test_a_wrong_limit_is_named(runtime, service):
    async with runtime(contentLimit=5) as live:
        with pytest.raises(ModelwireError, match="contentLimit must be a number of characters"):
            await live.complete("Hi", model="acme/large")


@pytest.mark.parametrize("capture", [False, True])
def test_a_delta_costs_a_few_calls_and_a_burst_is_measured_once(capture, measured):
    """Counted, not timed: calls of functions for each further delta of an answer."""
    from modelwire.config import Config
    from modelwire_otel.recorder import CompletionSpan
    from modelwire_otel.settings import Settings

    entry = {"config": {"captureContent": capture}}
    config = Config.from_document({"plugins": {"entries": {"modelwire-otel": entry}}}, environ={})
    settings = Settings.of(config)
    operation = CompletionOperation(Context([UserMessage("Hi")]), CompletionOptions())

    def calls_for(count, *, together):
        call = CompletionSpan(operation, settings)
        call.begin_try(Model("acme", "counted"), CompletionOptions(), None)
        deltas = [TextDelta(0, "word ") for _ in range(count)]
        calls = 0

        def count_call(frame, event, argument):
            nonlocal calls
            calls += event in ("call", "c_call")

        sys.setprofile(count_call)
        try:
            if together:
                call.feed(deltas)
            else:
                for delta in deltas:
                    call.feed(delta)
        finally:
            sys.setprofile(None)
        return calls

    calls_for(10, together=True)
    for together, most in ((True, 6), (False, 14)):
        few, many = calls_for(100, together=together), calls_for(1100, together=together)
        assert (many - few) / 1000 < most
    assert instruments(settings.conventions) is instruments(settings.conventions)


async def test_a_burst_is_few_chunks(runtime, service, measured):
    service.chunks = [*[chunk({"content": "word "}) for _ in range(500)], *HELLO]
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with runtime() as live:
        await live.complete("Hi", model="acme/burst")
    milliseconds = (loop.time() - began) * 1000
    points = measured().get("gen_ai.client.operation.time_per_output_chunk", [])
    assert sum(count for _, count in points) <= milliseconds
