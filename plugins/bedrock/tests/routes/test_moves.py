"""A conversation that begins in Converse and goes on in the other APIs of Bedrock, and back."""

import json

import pytest

from modelwire.config import Config
from modelwire.messages import (
    Context,
    Image,
    Text,
    Tool,
    ToolResultMessage,
    UserMessage,
)
from modelwire.runtime import Runtime
from modelwire_bedrock.emulator import Emulator, ToolUse
from modelwire_bedrock.emulator import Text as Said
from modelwire_bedrock.emulator import Thinking as Thought

PROVIDER = "amazon-bedrock"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)
CLAUDE = "us.anthropic.claude-opus-5"
ROUTES = {
    "converse": ("bedrock-converse-stream", CLAUDE),
    "messages": ("anthropic-messages", CLAUDE),
    "responses": ("openai-responses", "us.openai.gpt-6-sol"),
    "chat": ("openai-completions", "openai.gpt-oss-120b-1:0"),
}
WAYS = [
    ("converse", "messages", "responses", "converse"),
    ("converse", "responses", "messages", "converse"),
    ("messages", "converse", "chat", "messages"),
    ("responses", "chat", "converse", "responses"),
]
WEATHER = Tool("weather", "Say how the weather is.", {"type": "object", "properties": {}})


@pytest.fixture(scope="module")
def emulator():
    with Emulator(require_auth=True) as running:
        yield running


@pytest.fixture
def ask(emulator, tmp_path):
    environ = {
        **emulator.environ(),
        "HOME": str(tmp_path),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": "us-east-1",
    }

    async def answer(route, context):
        api, model = ROUTES[route]
        document = {"models": {"providers": {PROVIDER: {"api": api}}}}
        config = Config.from_document(document, environ=environ)
        async with Runtime(config, cache_directory=tmp_path / "cache") as runtime:
            return await runtime.complete(context, model=f"{PROVIDER}/{model}", reasoning="high")

    return answer


@pytest.mark.parametrize("way", WAYS, ids="-".join)
async def test_a_conversation_moves_between_the_apis_and_back(emulator, ask, way):
    emulator.reset()
    emulator.answer(
        [Thought("the first thought", "c2lnbmVk"), ToolUse("weather", {"city": "Rome"})]
    )
    for number in range(1, len(way)):
        emulator.answer([Said(f"answer {number}")])
    context = Context([UserMessage([Text("And here?"), Image(PNG, "image/png")])], tools=[WEATHER])

    called = await ask(way[0], context)
    (call,) = called.tool_calls
    context.messages += [called, ToolResultMessage(call.id, call.name, "sunny in Rome")]
    for number, route in enumerate(way[1:], 1):
        said = await ask(route, context)
        assert (said.text, said.api) == (f"answer {number}", ROUTES[route][0])
        sent = json.dumps(emulator.requests[-1].body)
        assert "Rome" in sent
        assert "sunny in Rome" in sent
        context.messages += [said, UserMessage(f"Question {number}")]

        dropped = {
            change["path"]
            for change in said.diagnostics
            if change["type"] in ("dropped", "rewritten", "ignored")
        }
        # A thought goes back to the model that had it, whatever the API; elsewhere that is recorded.
        own = ROUTES[route][1] == ROUTES[way[0]][1]
        kept = "the first thought" in sent or '"encrypted_content": "' in sent
        assert kept is own, (said.diagnostics, sent)
        assert own or "messages[1].content[0]" in dropped
        seen = emulator.requests[-1].body
        assert pictured(seen) or any("content[1]" in path for path in dropped), said.diagnostics


def pictured(body):
    """Whether a request holds the picture, in the form of any API."""
    text = json.dumps(body)
    return any(mark in text for mark in ("iVBOR", "image_url", "input_image", '"image"'))
