"""Requests that cannot be sent, and what traces hold of those that are."""

import asyncio
import logging

import pytest
from agents import (
    Agent,
    CodeInterpreterTool,
    FileSearchTool,
    HostedMCPTool,
    ImageGenerationTool,
    ModelRetryAdviceRequest,
    ModelRetrySettings,
    ModelSettings,
    ModelTracing,
    RunConfig,
    Runner,
    UserError,
    WebSearchTool,
    add_trace_processor,
    function_tool,
    retry_policies,
    trace,
)
from agents.model_settings import MCPToolChoice
from agents.tracing import TracingProcessor

from modelwire import Runtime
from modelwire.errors import RateLimited
from modelwire.transport import RetryPolicy
from modelwire_bedrock.emulator import Answer, Fault, Pacing
from modelwire_openai_agents import ModelwireProvider
from modelwire_openai_agents.requests import request_body
from modelwire_openai_agents.responses import model_response, response_of

pytestmark = pytest.mark.extensive("it needs a framework, which takes long to import")

SONNET = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HOSTED = [
    WebSearchTool(),
    FileSearchTool(vector_store_ids=["vs_1"]),
    CodeInterpreterTool({"type": "code_interpreter", "container": {"type": "auto"}}),
    ImageGenerationTool({"type": "image_generation"}),
    HostedMCPTool({"type": "mcp", "server_label": "a", "server_url": "https://example.com"}),
]


class Spans(TracingProcessor):
    """Keeps the spans of requests."""

    def __init__(self):
        self.ended = []

    def on_trace_start(self, trace):
        pass

    def on_trace_end(self, trace):
        pass

    def on_span_start(self, span):
        pass

    def on_span_end(self, span):
        if span.span_data.type == "generation":
            self.ended.append(span)

    def shutdown(self):
        pass

    def force_flush(self):
        pass


@pytest.fixture
def spans():
    spans = Spans()
    add_trace_processor(spans)
    return spans


async def run(provider, agent, said="Hello", *, streamed=False, config=None, **options):
    config = config or RunConfig(model_provider=provider)
    if not streamed:
        return await Runner.run(agent, said, run_config=config, **options)
    result = Runner.run_streamed(agent, said, run_config=config, **options)
    async for _ in result.stream_events():
        pass
    return result


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streamed(request):
    return request.param


@pytest.mark.parametrize("tool", HOSTED, ids=lambda tool: tool.name)
async def test_a_hosted_tool_is_refused_by_its_name(emulator, provider, streamed, tool):
    agent = Agent("A", model=SONNET, tools=[tool])

    with pytest.raises(UserError, match=rf"'{tool.name}' is a \w+, which only OpenAI's own"):
        await run(provider, agent, streamed=streamed)

    assert not emulator.requests


async def test_the_choice_of_a_hosted_tool_is_refused(emulator, provider):
    settings = ModelSettings(tool_choice=MCPToolChoice("server", "tool"))

    with pytest.raises(UserError, match="tool_choice is a MCPToolChoice"):
        await run(provider, Agent("A", model=SONNET, model_settings=settings))


@pytest.mark.parametrize(
    "given",
    [
        {"previous_response_id": "resp_1"},
        {"conversation_id": "conv_1"},
    ],
    ids=lambda given: next(iter(given)),
)
async def test_what_openai_stores_is_refused(emulator, provider, streamed, given):
    (name,) = given

    with pytest.raises(UserError, match=f"^{name} refers to what OpenAI stores"):
        await run(provider, Agent("A", model=SONNET), streamed=streamed, **given)

    assert not emulator.requests


async def test_a_stored_prompt_is_refused(emulator, provider):
    agent = Agent("A", model=SONNET, prompt={"id": "pmpt_1"})

    with pytest.raises(UserError, match=r"^prompt refers to what OpenAI stores"):
        await run(provider, agent)


async def test_an_item_that_cannot_be_read_is_refused_with_its_place(emulator, provider):
    part = {"type": "input_image", "image_url": "ftp://example.com/a.png", "detail": "auto"}

    with pytest.raises(UserError, match=r"input\[0\]\.content\[0\]\.image_url"):
        await run(provider, Agent("A", model=SONNET), [{"role": "user", "content": [part]}])


async def test_what_is_not_passed_on_is_logged(emulator, provider, caplog):
    caplog.set_level(logging.INFO, "modelwire_openai_agents")
    settings = ModelSettings(parallel_tool_calls=False)

    await run(provider, Agent("A", model=SONNET, model_settings=settings))

    assert "parallel_tool_calls" in caplog.text


async def test_a_span_has_the_model_its_settings_and_what_was_said(
    emulator, provider, spans, streamed
):
    emulator.answer("Paris.")
    settings = ModelSettings(temperature=0.5, metadata={"user": "Ada"})
    agent = Agent("A", model=SONNET, model_settings=settings)

    await run(provider, agent, "The capital?", streamed=streamed)

    (span,) = spans.ended
    data = span.span_data
    assert data.model == SONNET
    assert (data.model_config["temperature"], data.model_config["metadata"]["user"]) == (0.5, "Ada")
    assert data.input == [{"role": "user", "content": "The capital?"}]
    assert "Paris." in str(data.output)
    assert data.usage["requests"] == 1
    assert data.usage["output_tokens"] > 0
    assert span.error is None


async def test_a_span_without_data_has_only_the_usage(emulator, provider, spans, streamed):
    config = RunConfig(model_provider=provider, trace_include_sensitive_data=False)
    settings = ModelSettings(metadata={"user": "Ada"})
    agent = Agent("A", model=SONNET, model_settings=settings)

    await run(provider, agent, "The capital?", streamed=streamed, config=config)

    (span,) = spans.ended
    data = span.span_data
    assert (data.input, data.output) == (None, None)
    assert "metadata" not in data.model_config
    assert data.usage["input_tokens"] > 0


@pytest.mark.parametrize("told", [True, False], ids=["with data", "without"])
async def test_the_error_of_a_span_is_redacted_without_data(
    emulator, provider, spans, streamed, told
):
    emulator.answer(fault=Fault.error("ValidationException", "The word secret."), times=None)
    config = RunConfig(model_provider=provider, trace_include_sensitive_data=told)

    with pytest.raises(Exception, match="secret"):
        await run(provider, Agent("A", model=SONNET), streamed=streamed, config=config)

    (span,) = spans.ended
    assert ("secret" in str(span.error)) == told
    assert "InvalidRequest" in str(span.error)


async def test_no_span_is_made_where_tracing_is_disabled(emulator, provider, spans, streamed):
    config = RunConfig(model_provider=provider, tracing_disabled=True)

    await run(provider, Agent("A", model=SONNET), streamed=streamed, config=config)

    assert spans.ended == []


async def test_a_stream_that_is_left_closes_its_connection_and_ends_its_span(
    emulator, provider, spans
):
    emulator.answer(Answer("word " * 50, pacing=Pacing(between=0.2)), times=None)
    with trace("left"):
        events = provider.get_model(SONNET).stream_response(
            None, "Hello", ModelSettings(), [], None, [], ModelTracing.ENABLED
        )
        async for event in events:
            if event.type == "response.output_text.delta":
                break
        await events.aclose()

    (span,) = spans.ended
    assert span.ended_at
    (request,) = emulator.requests
    await asyncio.to_thread(request.wait)
    assert request.end == "client_left"


async def test_the_retries_of_the_runner_know_what_may_succeed(emulator):
    emulator.answer(fault=Fault.error("ThrottlingException", retry_after=0))
    emulator.answer("Hi.")
    retry = ModelRetrySettings(max_retries=1, policy=retry_policies.provider_suggested())
    agent = Agent("A", model=SONNET, model_settings=ModelSettings(retry=retry))

    async with Runtime.from_config({}, retries=RetryPolicy(max_attempts=1)) as runtime:
        result = await run(ModelwireProvider(runtime=runtime), agent)

    assert result.final_output == "Hi."
    assert len(emulator.requests) == 2


async def test_the_advice_has_the_seconds_of_the_service(provider):
    model = provider.get_model(SONNET)
    error = RateLimited("Slow down.", retry_after=7)

    advice = model.get_retry_advice(ModelRetryAdviceRequest(error, 1, stream=False))

    assert (advice.suggested, advice.retry_after) == (True, 7)
    other = ModelRetryAdviceRequest(ValueError(), 1, stream=False)
    assert model.get_retry_advice(other) is None


async def test_tools_that_are_searched_for_are_refused(emulator, provider):
    @function_tool(defer_loading=True)
    def look() -> str:
        return "sunny"

    model = provider.get_model(SONNET)
    with pytest.raises(UserError, match="'look' is loaded by a search for tools"):
        await run(provider, Agent("A", model=model, tools=[look]))


def test_the_signature_of_a_call_goes_back_apart_from_what_openai_reads():
    signed = {"google": {"thought_signature": "abc"}}
    call = {"call_id": "call_1", "name": "look", "arguments": "{}", "type": "function_call"}
    body = {
        "id": "resp_1",
        "object": "response",
        "created_at": 0,
        "model": "gemini",
        "output": [{**call, "id": "fc_1", "status": "completed", "extra_content": signed}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }

    (kept,) = model_response(response_of(body, "google/gemini")).to_input_items()
    (sent,) = request_body(None, [kept], ModelSettings(), [], None, [])["input"]

    assert "extra_content" not in kept
    assert kept["provider_data"] == {"model": "google/gemini", "extra_content": signed}
    assert sent["extra_content"] == signed
    assert "provider_data" not in sent
