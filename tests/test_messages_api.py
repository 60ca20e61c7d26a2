"""The Messages API, asked of a server that others wrote: llama.cpp's, with the small model."""

import pytest
from llama_server import llama_address

from modelwire import Runtime
from modelwire.messages import Context, Text, Tool, ToolResultMessage, UserMessage


@pytest.fixture
async def runtime(tmp_path):
    house = {"api": "anthropic-messages", "baseUrl": llama_address()}
    document = {"models": {"providers": {"house": house}}}
    async with Runtime.from_config(document, environ={}, cache_directory=tmp_path) as live:
        yield live


async def test_it_answers_and_counts(runtime):
    message = await runtime.complete(
        "What is the capital of France?", model="house/smollm2", max_tokens=30, temperature=0
    )
    assert message.text.strip()
    assert message.usage.input + message.usage.cache_read > 5
    assert message.usage.output > 1
    assert message.api == "anthropic-messages"


async def test_it_takes_a_conversation_with_a_tool_call_in_it(runtime):
    question = UserMessage([Text("Is it raining in Oslo?")])
    tool = Tool("weather", "The weather in a city.", {"type": "object", "properties": {}})
    context = Context([question], system_prompt="Be brief.", tools=[tool])
    first = await runtime.complete(context, model="house/smollm2", max_tokens=40)
    context.messages.append(first)
    for call in first.tool_calls:
        context.messages.append(ToolResultMessage(call.id, call.name, "It rains."))
    context.messages.append(UserMessage("Say it again."))
    second = await runtime.complete(context, model="house/smollm2", max_tokens=20)
    assert second.usage.output > 0
