"""A real server with a real model: what it answers, how it refuses, and that it stops."""

import asyncio
import base64
import json
import urllib.request

import pytest

from modelwire import Tool, UserMessage
from modelwire.errors import AuthenticationError, ConnectionFailed, ContextOverflow, InvalidRequest
from modelwire.hookspecs import ToolChoice
from modelwire.messages import (
    AssistantMessage,
    Context,
    Image,
    StopReason,
    Text,
    Thinking,
    ToolCall,
    ToolResultMessage,
)

# It takes long, so it begins early where processes share the tests.
pytestmark = pytest.mark.timeout(120)

KEY = "a-key-for-llama"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
MODEL = "llamacpp/smollm2"
WEATHER = Tool(
    "get.weather",
    "Get the weather of a city",
    {
        "type": "object",
        "properties": {"city": {"type": "string", "enum": ["Paris", "Oslo"]}},
        "required": ["city"],
    },
)


async def busy(address: str) -> bool:
    """Whether the server is computing an answer."""

    def ask() -> bool:
        request = urllib.request.Request(
            f"{address}/slots", headers={"Authorization": f"Bearer {KEY}"}
        )
        with urllib.request.urlopen(request) as answer:
            return any(slot["is_processing"] for slot in json.load(answer))

    return await asyncio.to_thread(ask)


async def test_it_streams_and_counts(runtime):
    pieces = []
    async with runtime.stream(
        "What is the capital of France?", model=MODEL, max_tokens=24, temperature=0
    ) as stream:
        async for piece in stream.texts():
            pieces.append(piece)
        message = await stream.result()
    assert len(pieces) > 3
    assert "".join(pieces) == message.text
    assert "Paris" in message.text
    assert message.stop_reason is StopReason.STOP
    assert message.api == "openai-completions"
    assert message.response_id
    assert message.usage.output >= len(pieces)
    assert message.usage.input + message.usage.cache_read > 10


async def test_the_cache_shows_in_the_usage(runtime):
    question = "Name the seven days of the week, in order."
    await runtime.complete(question, model=MODEL, max_tokens=2)
    again = await runtime.complete(question, model=MODEL, max_tokens=2)
    assert again.usage.cache_read > 10
    assert again.usage.input < again.usage.cache_read


async def test_the_limit_ends_it(runtime):
    message = await runtime.complete("Tell a long story.", model=MODEL, max_tokens=3, temperature=0)
    assert message.stop_reason is StopReason.LENGTH
    assert message.usage.output == 3


@pytest.mark.extensive("a model answers on the processor")
async def test_a_stop_text_ends_it(runtime):
    message = await runtime.complete(
        "Count: 1, 2, 3, 4, 5.", model=MODEL, max_tokens=40, stop=("2",)
    )
    assert "2" not in message.text


@pytest.mark.extensive("a model answers on the processor")
async def test_a_schema_is_followed(runtime):
    schema = {
        "type": "object", "properties": {"city": {"type": "string", "enum": ["Paris", "Oslo"]}},
        "required": ["city"], "additionalProperties": False,
    }  # fmt: skip
    message = await runtime.complete(
        "The capital of France?", model=MODEL, response_schema=schema, max_tokens=40
    )
    assert json.loads(message.text)["city"] in ("Paris", "Oslo")


@pytest.mark.extensive("a model answers on the processor")
async def test_a_tool_is_called_and_its_result_is_read(runtime):
    question = UserMessage("What is the weather in Paris?")
    # A model this small calls a tool when its answer has begun with the call.
    begun = AssistantMessage("<tool_call>", "llamacpp", "smollm2")
    message = await runtime.complete(
        Context([question, begun], tools=[WEATHER]), model=MODEL, temperature=0, max_tokens=60,
        tool_choice=ToolChoice("tool", "get.weather"), stop=("</tool_call>",),
    )  # fmt: skip
    (call,) = message.tool_calls
    assert (call.name, call.arguments) == ("get.weather", {"city": "Paris"})
    assert call.id
    assert message.stop_reason is StopReason.TOOL_USE
    told = {(entry["type"], entry["path"]) for entry in message.diagnostics}
    assert told == {("rewritten", "tools[0].name"), ("rewritten", "options.tool_choice")}
    result = ToolResultMessage(call.id, call.name, "Sunny, 21 degrees.")
    answer = await runtime.complete(
        Context([question, message, result], tools=[WEATHER]), model=MODEL, max_tokens=20
    )
    assert answer.text or answer.tool_calls


@pytest.mark.extensive("a model answers on the processor")
async def test_calls_in_parallel_are_kept_apart(runtime):
    begun = AssistantMessage("<tool_call>", "llamacpp", "smollm2")
    context = Context([UserMessage("What is the weather in Paris?"), begun], tools=[WEATHER])
    message = await runtime.complete(
        context, model=MODEL, temperature=0, max_tokens=110, tool_choice=ToolChoice("any"),
        params={"parallelToolCalls": True},
    )  # fmt: skip
    assert len(message.tool_calls) > 1
    assert len({call.id for call in message.tool_calls}) == len(message.tool_calls)
    assert all(call.arguments == {"city": "Paris"} for call in message.tool_calls)


@pytest.mark.extensive("a model answers on the processor")
async def test_a_conversation_from_bedrock_goes_on(runtime):
    said = AssistantMessage(
        [Thinking("They want the weather.", "c2ln"), Text("I look."), ToolCall("tooluse_" + "a" * 50, "get.weather", {"city": "Oslo"})],
        "amazon-bedrock", "claude", api="bedrock-converse-stream",
    )  # fmt: skip
    history = [
        UserMessage("Weather in Oslo?"),
        said,
        ToolResultMessage("tooluse_" + "a" * 50, "get.weather", "Rain."),
    ]
    message = await runtime.complete(Context(history, tools=[WEATHER]), model=MODEL, max_tokens=16)
    assert message.text or message.tool_calls
    told = {entry["path"] for entry in message.diagnostics}
    assert {
        "messages[1].content[0]",
        "messages[1].content[2].id",
        "messages[1].content[2].name",
    } <= told


async def test_a_wrong_key_is_refused(runtime_at):
    async with runtime_at(key="wrong-key-of-somebody") as runtime:
        with pytest.raises(AuthenticationError, match="Invalid API Key") as caught:
            await runtime.complete("Hi", model=MODEL)
    assert caught.value.status == 401
    assert not caught.value.retryable
    assert "wrong-key" not in str(caught.value)


async def test_what_does_not_fit_is_an_overflow(runtime):
    with pytest.raises(ContextOverflow, match="exceeds the available context size") as caught:
        await runtime.complete("word " * 3000, model=MODEL)
    assert caught.value.provider == "llamacpp"


async def test_a_picture_for_a_model_of_text_is_refused_for_good(runtime):
    question = UserMessage([Image(PIXEL, "image/png"), Text("What is it?")])
    with pytest.raises(InvalidRequest, match="image input is not supported") as caught:
        await runtime.complete(Context([question]), model=MODEL)
    assert not caught.value.retryable


async def test_its_models_are_discovered(runtime):
    listing = await runtime.catalog.listing("llamacpp")
    (model,) = listing.models
    assert (model.id, model.context_window, model.local) == ("smollm2", 1024, True)
    assert listing.credentials.state == "usable"


async def test_its_key_can_be_probed(runtime, runtime_at):
    right = await asyncio.to_thread(runtime.catalog.credentials, "llamacpp", probe=True)
    assert right.state == "usable"
    async with runtime_at(key="wrong") as other:
        wrong = await asyncio.to_thread(other.catalog.credentials, "llamacpp", probe=True)
    assert (wrong.state, wrong.reason) == ("unusable", "Invalid API Key")


async def test_leaving_the_stream_stops_the_server(llama, relay, runtime_at):
    async with relay() as wire, runtime_at(wire.base_url) as runtime:
        async with runtime.stream("Tell a very long story.", model=MODEL, max_tokens=900) as stream:
            async for _ in stream.texts():
                break
            assert await busy(llama.listening_address)
        async with asyncio.timeout(20):
            await wire.client_left.wait()
            while await busy(llama.listening_address):
                await asyncio.sleep(0.02)
        received = wire.received
    # 900 tokens would be some 200 bytes each.
    assert received < 90_000


async def test_cancelling_the_task_stops_the_server(llama, relay, runtime_at):
    async with relay() as wire, runtime_at(wire.base_url) as runtime:
        task = asyncio.create_task(
            runtime.complete("Tell a very long story.", model=MODEL, max_tokens=900)
        )
        async with asyncio.timeout(20):
            while not await busy(llama.listening_address):
                await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await wire.client_left.wait()
            while await busy(llama.listening_address):
                await asyncio.sleep(0.02)


async def test_a_connection_that_breaks_is_an_error_with_what_had_come(llama, relay, runtime_at):
    async with relay() as wire, runtime_at(wire.base_url) as runtime:
        stream = runtime.stream("Tell a very long story.", model=MODEL, max_tokens=900)
        with pytest.raises(ConnectionFailed) as caught:
            async for _ in stream.texts():
                await runtime.transport.aclose()
    assert caught.value.partial.text
