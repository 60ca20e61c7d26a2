"""One conversation goes through providers in turn, and loses nothing that the next one can take."""

import pytest
from llama_server import start_llama

from modelwire import Context, Runtime, Tool, ToolResultMessage, UserMessage
from modelwire import Thinking as ThinkingBlock
from modelwire.messages.codec import context_from_json, context_to_json
from modelwire_bedrock.emulator import Emulator, Thinking, ToolUse

pytestmark = pytest.mark.extensive("two models answer on the processor")

KEY = "a-key-for-the-tests"
CLAUDE = "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
LOCAL = "local/smollm2-135m-instruct"
LLAMA = "mine/smollm2"


@pytest.fixture(scope="module")
def llama():
    """A real llama.cpp server on loopback."""
    return start_llama(context=2048, key=KEY)


@pytest.mark.parametrize("api", ["openai-completions", "openai-responses"])
async def test_bedrock_then_local_then_llama_cpp_and_back(llama, tmp_path, api):
    with Emulator(require_auth=True) as bedrock:
        provider = {"api": api, "baseUrl": f"{llama.listening_address}/v1", "apiKey": KEY}
        runtime = Runtime.from_config(
            {"models": {"providers": {"mine": provider}}},
            environ={
                "HOME": str(tmp_path),
                "AWS_EC2_METADATA_DISABLED": "true",
                **bedrock.environ(),
            },
            cache_directory=tmp_path / "models",
        )
        tool = Tool(
            "weather",
            "Tells the weather.",
            {"type": "object", "properties": {"city": {"type": "string"}}},
        )
        context = Context([UserMessage("What is the weather in Oslo?")], "Be brief.", [tool])

        async def ask(model, **options):
            message = await runtime.complete(context, model=model, max_tokens=2000, **options)
            context.messages.append(message)
            return message

        async with runtime:
            bedrock.answer(
                [
                    Thinking("I have to ask.", signature="c2lnbmVk"),
                    ToolUse("weather", {"city": "Oslo"}),
                ]
            )
            (call,) = (await ask(CLAUDE, reasoning="low")).tool_calls
            context.messages.append(ToolResultMessage(call.id, call.name, "12 degrees, rain"))

            spoken = await runtime.complete(context, model=LOCAL, tools=[], max_tokens=12)
            assert spoken.text
            context.messages += [spoken, UserMessage("Do I need an umbrella?")]

            spoken = await runtime.complete(context, model=LLAMA, tools=[], max_tokens=12)
            assert spoken.text
            assert spoken.api == api
            context.messages += [spoken, UserMessage("Thank you. One word more?")]

            context = context_from_json(context_to_json(context))  # as a session file would keep it
            bedrock.answer("Bye.")
            assert (await ask(CLAUDE, reasoning="low")).text == "Bye."

        sent = bedrock.requests[-1].body["messages"]
        blocks = [block for message in sent for block in message["content"]]
        thinking = next(b["reasoningContent"] for b in blocks if "reasoningContent" in b)
        assert thinking["reasoningText"] == {"text": "I have to ask.", "signature": "c2lnbmVk"}
        used = next(b["toolUse"] for b in blocks if "toolUse" in b)
        result = next(b["toolResult"] for b in blocks if "toolResult" in b)
        assert used["input"] == {"city": "Oslo"}
        assert result["toolUseId"] == used["toolUseId"]
        assert result["content"] == [{"text": "12 degrees, rain"}]
        kinds = [type(block) for message in context.messages for block in message.content]
        assert kinds.count(ThinkingBlock) == 1
