"""llama.cpp's own server, a stranger that speaks this API, answers with a real model."""

import asyncio
import re
import urllib.request

import pytest
from llama_server import start_llama

from modelwire.errors import AuthenticationError, ContextOverflow
from modelwire.messages import (
    AssistantMessage,
    Context,
    StopReason,
    Text,
    Thinking,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.runtime import Runtime
from modelwire.transport import RetryPolicy

KEY = "a-key-for-the-tests"
HISTORY = [
    UserMessage("What is the weather?"),
    AssistantMessage(
        [
            Thinking("I look."),
            Text("A moment."),
            ToolCall("tooluse.1", "weather", {"city": "Oslo"}),
        ],
        "amazon-bedrock",
        "claude",
    ),
    ToolResultMessage("tooluse.1", "weather", "12 degrees"),
    UserMessage("And now?"),
]


@pytest.fixture(scope="session")
def llama():
    """A llama.cpp server with the small embedded model."""
    return start_llama(context=1024, key=KEY, n_threads_http=2, endpoint_metrics=True)


@pytest.fixture
async def runtime(llama, tmp_path, config_of):
    config = config_of(f"{llama.listening_address}/v1", KEY)
    retries = RetryPolicy(max_attempts=1)
    async with Runtime(config, retries=retries, cache_directory=tmp_path) as made:
        yield made


async def test_it_streams(runtime):
    pieces = []
    async with runtime.stream("Say hello.", model="mine/smollm2", max_tokens=12) as stream:
        async for piece in stream.texts():
            pieces.append(piece)
        message = await stream.result()
    assert len(pieces) > 1
    assert message.text == "".join(pieces)
    assert message.response_id.startswith("resp_")
    assert message.response_model == "smollm2"
    assert 0 < message.usage.output <= 12
    assert message.usage.input + message.usage.cache_read > 0


async def test_an_answer_that_it_cuts_and_calls_complete_is_known_to_be_cut(runtime):
    # Without chance: a model so small says now and then that it has done so, and stops.
    message = await runtime.complete(
        "Count to a hundred.", model="mine/smollm2", max_tokens=6, temperature=0.0
    )
    assert message.stop_reason is StopReason.LENGTH
    assert message.usage.output == 6


async def test_a_conversation_from_elsewhere_goes_on(runtime):
    message = await runtime.complete(
        Context(HISTORY, "Be short."), model="mine/smollm2", max_tokens=8
    )
    assert message.text
    again = [*HISTORY, message, UserMessage("Thanks.")]
    assert (await runtime.complete(again, model="mine/smollm2", max_tokens=8)).text


async def test_all_options_are_accepted(runtime):
    message = await runtime.complete(
        "Hello",
        model="mine/smollm2",
        max_tokens=8,
        temperature=0.0,
        top_p=0.9,
        reasoning="low",
        session_id="s1",
        cache_retention="long",
        metadata={"user": "u1"},
    )
    assert message.text


async def test_a_wrong_key(llama, tmp_path, config_of):
    config = config_of(f"{llama.listening_address}/v1", "another-key")
    async with Runtime(
        config, retries=RetryPolicy(max_attempts=1), cache_directory=tmp_path
    ) as runtime:
        with pytest.raises(AuthenticationError):
            await runtime.complete("Hello", model="mine/smollm2")


async def test_an_overflow(runtime):
    with pytest.raises(ContextOverflow, match="1024"):
        await runtime.complete("hello " * 1500, model="mine/smollm2")


def predicted(llama):
    """How many tokens the server has made since it began."""
    request = urllib.request.Request(
        f"{llama.listening_address}/metrics", headers={"Authorization": f"Bearer {KEY}"}
    )
    with urllib.request.urlopen(request) as response:
        text = response.read().decode()
    return int(float(re.search(r"^llamacpp:tokens_predicted_total (\S+)", text, re.MULTILINE)[1]))


async def test_leaving_early_stops_the_work(llama, runtime):
    before = await asyncio.to_thread(predicted, llama)
    async with runtime.stream(
        "Count to a thousand.", model="mine/smollm2", max_tokens=900, params={"ignore_eos": True}
    ) as stream:
        async for _ in stream.texts():
            break
    # The server has one slot, so this is answered when the other has ended.
    await runtime.complete("Hello", model="mine/smollm2", max_tokens=4)
    assert await asyncio.to_thread(predicted, llama) - before < 450
