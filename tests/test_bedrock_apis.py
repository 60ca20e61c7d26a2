"""The plugins of OpenAI's and Anthropic's APIs against the Bedrock emulator, with its bearer token."""

import pytest

from modelwire import Runtime
from modelwire.messages import Context, Text, Thinking, Tool, ToolResultMessage, UserMessage
from modelwire_bedrock.emulator import BEARER_TOKEN, Emulator, ToolUse
from modelwire_bedrock.emulator import Text as Said
from modelwire_bedrock.emulator import Thinking as Thought

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
DOORS = {
    "responses": ("openai-responses", "url", "/openai/v1", "us.openai.gpt-6-sol"),
    "chat": ("openai-completions", "url", "/openai/v1", "openai.gpt-oss-120b-1:0"),
    "messages": ("anthropic-messages", "url", "/anthropic", "us.anthropic.claude-opus-5"),
    "mantle-responses": ("openai-responses", "mantle_url", "/openai/v1", "openai.gpt-5.5"),
    "mantle-chat": ("openai-completions", "mantle_url", "/v1", "openai.gpt-oss-120b"),
    "mantle-messages": ("anthropic-messages", "mantle_url", "/anthropic", "anthropic.claude-opus-5"),
}  # fmt: skip


@pytest.fixture
async def emulator():
    async with Emulator(require_auth=True) as emulator:
        yield emulator


def runtime_for(emulator, door, folder):
    api, endpoint, path, model = DOORS[door]
    house = {"api": api, "baseUrl": getattr(emulator, endpoint) + path, "apiKey": BEARER_TOKEN}
    document = {"models": {"providers": {"house": house}}}
    runtime = Runtime.from_config(document, environ={}, cache_directory=folder)
    return runtime, f"house/{model}"


@pytest.mark.parametrize("door", DOORS)
async def test_thinking_text_and_a_tool_loop_come_through(emulator, door, tmp_path):
    emulator.answer(
        [
            Thought("I look it up.", "c2ln"),
            Said("Let me see."),
            ToolUse("weather", {"city": "Oslo"}),
        ]
    )
    emulator.answer("It rains in Oslo.")
    context = Context([UserMessage([Text("Does it rain in Oslo?")])])
    context.tools.append(Tool("weather", "The weather in a city.", SCHEMA))
    runtime, model = runtime_for(emulator, door, tmp_path)
    async with runtime as live:
        first = await live.complete(context, model=model, max_tokens=200)
        context.messages.append(first)
        [call] = first.tool_calls
        context.messages.append(ToolResultMessage(call.id, call.name, "It rains."))
        second = await live.complete(context, model=model, max_tokens=200)

    assert first.text.endswith("Let me see.")  # gpt-oss has its thinking in tags before it
    assert (call.name, call.arguments) == ("weather", {"city": "Oslo"})
    assert second.text == "It rains in Oslo."
    thought = "".join(part.text for part in first.content if isinstance(part, Thinking))
    if "messages" in door:
        assert thought == "I look it up."
    assert [request.status for request in emulator.requests] == [200, 200]
