"""The plugins of OpenAI's and Anthropic's APIs against the Bedrock emulator, which verifies the caller."""

import pytest

from modelwire import Runtime
from modelwire.config import Config
from modelwire.messages import Context, Text, Thinking, Tool, ToolResultMessage, UserMessage
from modelwire_bedrock.emulator import BEARER_TOKEN, CREDENTIALS, Emulator, ToolUse
from modelwire_bedrock.emulator import Text as Said
from modelwire_bedrock.emulator import Thinking as Thought

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
API_PATHS = {
    "responses": ("openai-responses", "url", "/openai/v1", "us.openai.gpt-6-sol"),
    "chat": ("openai-completions", "url", "/openai/v1", "openai.gpt-oss-120b-1:0"),
    "messages": ("anthropic-messages", "url", "/anthropic", "us.anthropic.claude-opus-5"),
    "mantle-responses": ("openai-responses", "mantle_url", "/openai/v1", "openai.gpt-5.5"),
    "mantle-chat": ("openai-completions", "mantle_url", "/v1", "openai.gpt-oss-120b"),
    "mantle-messages": ("anthropic-messages", "mantle_url", "/anthropic", "anthropic.claude-opus-5"),
}  # fmt: skip


CALLERS = {
    "token": {"apiKey": BEARER_TOKEN},
    "keys": {"auth": "aws-sdk"},
    "minted": {"auth": "aws-sdk", "mintToken": True},
}


@pytest.fixture
async def emulator():
    async with Emulator(require_auth=True) as emulator:
        yield emulator


@pytest.fixture
def ask_for(emulator, tmp_path):
    """Make a runtime whose provider `house` is one API of the emulator."""

    def make(api, caller):
        api, endpoint, path, model = API_PATHS[api]
        house = {"api": api, "baseUrl": getattr(emulator, endpoint) + path, **CALLERS[caller]}
        if endpoint == "mantle_url" and "auth" in house:
            house["signingService"] = "bedrock-mantle"
        environ = {
            "HOME": str(tmp_path),
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": CREDENTIALS.access_key_id,
            "AWS_SECRET_ACCESS_KEY": CREDENTIALS.secret_access_key,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        document = {"models": {"providers": {"house": house}}}
        config = Config.from_document(document, environ=environ)
        return Runtime(config, cache_directory=tmp_path / "cache"), f"house/{model}"

    return make


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("api", API_PATHS)
async def test_thinking_text_and_a_tool_loop_come_through(emulator, ask_for, api, caller):
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
    runtime, model = ask_for(api, caller)
    async with runtime as live:
        first = await live.complete(context, model=model, max_tokens=200)
        context.messages.append(first)
        [call] = first.tool_calls
        context.messages.append(ToolResultMessage(call.id, call.name, "It rains."))
        second = await live.complete(context, model=model, max_tokens=200)

    assert first.text == "Let me see."
    assert (call.name, call.arguments) == ("weather", {"city": "Oslo"})
    assert second.text == "It rains in Oslo."
    thought = "".join(part.text for part in first.content if isinstance(part, Thinking))
    if "responses" not in api:  # GPT keeps it to itself unless a summary is requested
        assert thought == "I look it up."
    assert [request.status for request in emulator.requests] == [200, 200]
    assert all(request.identity.verified for request in emulator.requests)
    kinds = {request.identity.kind for request in emulator.requests}
    assert kinds == {"sigv4" if caller == "keys" else "bearer"}
