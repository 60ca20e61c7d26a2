"""pydantic-ai's agents over the emulated Bedrock."""

import asyncio
import copy

import pytest
from pydantic import BaseModel
from pydantic_ai import (
    Agent,
    BinaryContent,
    ImageUrl,
    ModelAPIError,
    ModelHTTPError,
    ModelRetry,
    NativeOutput,
    PromptedOutput,
    ToolOutput,
)
from pydantic_ai.exceptions import ModelConnectionError, ModelRateLimitError
from pydantic_ai.messages import ModelResponse, ThinkingPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.fallback import FallbackModel

from modelwire import Runtime
from modelwire.errors import InvalidMessage, InvalidRequest, RateLimited
from modelwire.transport import RetryPolicy
from modelwire_bedrock.emulator import (
    Answer,
    Fault,
    Match,
    Pacing,
    RedactedThinking,
    Text,
    Thinking,
    TokenUsage,
    ToolUse,
)
from modelwire_pydantic_ai import ModelwireModel

pytestmark = pytest.mark.extensive("it needs a framework, which takes long to import")

HAIKU = "bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0"
PNG = b"\x89PNG\r\n\x1a\n"


class Joke(BaseModel):
    """A joke."""

    setup: str
    punchline: str


@pytest.fixture
def agent(model):
    made = Agent(model, instructions="Be brief.")

    @made.tool_plain
    def look(city: str) -> str:
        """Look up the weather."""
        return f"sunny in {city}"

    return made


def sent(emulator, at=-1):
    return emulator.requests[at].parameters


async def test_an_agent_calls_its_tools_and_ends(emulator, agent):
    result = await agent.run("Is it sunny in 'Oslo'?")

    assert result.output.endswith("You said: sunny in Oslo")
    _, call, returned, _ = result.all_messages()
    assert [part.args_as_dict() for part in call.parts if isinstance(part, ToolCallPart)] == [
        {"city": "Oslo"}
    ]
    assert isinstance(returned.parts[0], ToolReturnPart)
    assert sent(emulator)["system"][0] == {"text": "Be brief."}
    assert result.usage.requests == 2
    assert result.usage.input_tokens > 0


async def test_a_streamed_run_is_the_same(emulator, agent):
    async with agent.run_stream("Is it sunny in 'Oslo'?") as run:
        pieces = [piece async for piece in run.stream_text(delta=True, debounce_by=None)]

    assert len(pieces) > 1
    assert "".join(pieces) == (await agent.run("Is it sunny in 'Oslo'?")).output
    assert run.usage.requests == 2


@pytest.mark.parametrize("output", [ToolOutput, NativeOutput, PromptedOutput])
async def test_structured_output_is_what_the_class_says(emulator, model, output):
    if output is PromptedOutput:
        emulator.answer('{"setup": "cats", "punchline": "cats"}')

    result = await Agent(model, output_type=output(Joke)).run("A joke about 'cats'")

    assert result.output == Joke(setup="cats", punchline="cats")
    assert ("outputConfig" in sent(emulator)) == (output is NativeOutput)


async def test_output_that_does_not_fit_is_asked_for_again(emulator, model):
    emulator.answer(ToolUse("final_result", {"setup": "only"}))

    result = await Agent(model, output_type=Joke).run("A joke about 'cats'")

    assert isinstance(result.output, Joke)
    block = sent(emulator)["messages"][-1]["content"][0]["toolResult"]
    assert block["status"] == "error"
    assert "punchline" in str(block["content"])


async def test_a_tool_that_asks_for_another_try_gets_one(emulator, model):
    tries = []
    agent = Agent(model)

    @agent.tool_plain
    def look(city: str) -> str:
        tries.append(city)
        if len(tries) == 1:
            msg = "Which country?"
            raise ModelRetry(msg)
        return "sunny"

    emulator.answer(ToolUse("look", {"city": "Oslo"}))
    emulator.answer(ToolUse("look", {"city": "Oslo, Norway"}))
    await agent.run("Is it sunny in Oslo?")

    assert tries == ["Oslo", "Oslo, Norway"]


@pytest.mark.parametrize(
    "answer",
    [
        [Thinking("Hm, hm.", signature="c2ln"), Text("Paris.")],
        [RedactedThinking(b"opaque"), Text("Paris.")],
    ],
    ids=["thinking", "redacted"],
)
async def test_thinking_is_a_part_that_goes_back_unchanged(emulator, model, answer):
    emulator.answer(answer, times=2)
    emulator.answer("Yes.", times=None)
    agent = Agent(model)

    whole = await agent.run("What is the capital of France?")
    async with agent.run_stream("What is the capital of France?") as run:
        await run.get_output()
    await agent.run("Sure?", message_history=whole.all_messages())
    await agent.run("Sure?", message_history=run.all_messages())

    (first,) = [part for part in whole.response.parts if isinstance(part, ThinkingPart)]
    (second,) = [part for part in run.response.parts if isinstance(part, ThinkingPart)]
    assert (first.content, first.signature) == (second.content, second.signature)
    for at in (-1, -2):
        block = sent(emulator, at)["messages"][1]["content"][0]["reasoningContent"]
        expected = (
            {"reasoningText": {"text": "Hm, hm.", "signature": "c2ln"}}
            if isinstance(answer[0], Thinking)
            else {"redactedContent": b"opaque"}
        )
        assert block == expected


async def test_settings_are_sent(emulator, model):
    settings = {"max_tokens": 2000, "temperature": 1.0, "stop_sequences": ["END"]}

    await Agent(model, model_settings=settings).run("Hello")
    await Agent(model).run("Hello", model_settings={"thinking": "low"})

    config = {"maxTokens": 2000, "temperature": 1.0, "stopSequences": ["END"]}
    assert sent(emulator, 0)["inferenceConfig"] == config
    fields = sent(emulator, 1)["additionalModelRequestFields"]
    assert fields["thinking"]["type"] == "enabled"


async def test_tokens_and_the_end_are_reported(emulator, model):
    usage = TokenUsage(10, 5, cache_read=900, cache_write=30)
    emulator.answer(Answer("Par", usage=usage, stop_reason="max_tokens"), times=None)

    result = await Agent(model).run("Hello")

    counted = result.usage
    assert (counted.input_tokens, counted.output_tokens) == (940, 5)
    assert (counted.cache_read_tokens, counted.cache_write_tokens) == (900, 30)
    response = result.response
    assert (response.finish_reason, response.provider_name) == ("length", "amazon-bedrock")
    assert response.provider_details == {"finish_reason": "max_tokens"}


async def test_pictures_go_to_the_model(emulator, model):
    await Agent(model).run(["What is this?", BinaryContent(PNG, media_type="image/png")])

    text, image, *_ = sent(emulator)["messages"][0]["content"]
    assert text == {"text": "What is this?"}
    assert image["image"] == {"format": "png", "source": {"bytes": PNG}}


async def test_a_failure_is_an_error_of_pydantic_ai_caused_by_ours(emulator):
    emulator.answer(fault=Fault.error("ThrottlingException", retry_after=0), times=None)
    runtime = Runtime.from_config({}, retries=RetryPolicy(max_attempts=1))

    with pytest.raises(ModelRateLimitError) as caught:
        await Agent(ModelwireModel(HAIKU, runtime=runtime)).run("Hello")
    await runtime.aclose()

    assert isinstance(caught.value, ModelHTTPError)
    assert caught.value.status_code == 429
    assert isinstance(caught.value.__cause__, RateLimited)


async def test_their_fallback_model_goes_on_with_the_next(emulator, model):
    refused = Fault.error("AccessDeniedException")
    emulator.answer(fault=refused, when=Match(model="*sonnet*"), times=None)

    async with ModelwireModel(HAIKU, config={}) as second:
        result = await Agent(FallbackModel(model, second)).run("Hello")

    assert result.response.model_name == HAIKU.partition("/")[2]


async def test_our_own_fallbacks_do_as_well(emulator):
    refused = Fault.error("AccessDeniedException")
    emulator.answer(fault=refused, when=Match(model="*sonnet*"), times=None)
    sonnet = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"

    async with (
        ModelwireModel(sonnet, fallbacks=[HAIKU], config={}) as model,
        Agent(model).run_stream("Hello") as run,
    ):
        await run.get_output()

    assert run.response.model_name == HAIKU.partition("/")[2]


@pytest.mark.parametrize("fault", ["no_stop", "truncate", "reset"])
async def test_a_stream_that_breaks_off_is_an_error(emulator, model, fault):
    emulator.answer("A long answer, in many words.", fault=Fault(fault, after=3), times=None)

    with pytest.raises(ModelAPIError) as caught:
        async with Agent(model).run_stream("Hello") as run:
            await run.get_output()

    assert isinstance(caught.value, ModelConnectionError)


async def test_a_stream_that_is_left_or_cancelled_closes_its_connection(emulator, model):
    emulator.answer(Answer("word " * 50, pacing=Pacing(between=0.2)), times=None)
    agent = Agent(model)

    async with agent.run_stream("Hello") as run:
        async for _ in run.stream_text(delta=True, debounce_by=None):
            break
    async with agent.run_stream("Hello") as run:
        async for _ in run.stream_text(delta=True, debounce_by=None):
            await run.cancel()
            break

    for request in emulator.requests:
        await asyncio.to_thread(request.wait)
    assert [request.end for request in emulator.requests] == ["client_left", "client_left"]


def test_a_model_serves_several_event_loops(emulator):
    model = ModelwireModel(HAIKU, config={})

    async def ask():
        async with model:
            return (await Agent(model).run("Hello")).output

    assert asyncio.run(ask()) == asyncio.run(ask())


async def test_a_runtime_can_be_shared(emulator):
    async with Runtime.from_config({}) as runtime:
        async with ModelwireModel(HAIKU, runtime=runtime) as model:
            assert (await Agent(model).run("Hello")).output
        assert (await runtime.complete("Hello", model=HAIKU)).text
        with pytest.raises(InvalidRequest, match="leave out config"):
            ModelwireModel(HAIKU, runtime=runtime, config={})


async def test_a_deep_copy_of_a_model_shares_its_connections(emulator, model):
    copied = copy.deepcopy(model)
    assert (await Agent(copied).run("Hello")).output
    assert copied._runtime.get() is model._runtime.get()


async def test_an_answer_of_another_model_goes_on(emulator, model):
    emulator.answer("Yes.")
    thought = ThinkingPart("Hm.", signature="x", provider_name="somebody")
    history = [ModelResponse([thought], provider_name="somebody")]
    asked = (await Agent(model).run("Hello")).all_messages()[:1]

    await Agent(model).run("Sure?", message_history=[*asked, *history])

    assert "reasoningContent" not in str(sent(emulator))


async def test_what_the_service_does_not_take_is_an_error_with_its_place(model):
    with pytest.raises(InvalidMessage, match=r"messages\[0\].content\[1\].url"):
        await Agent(model).run(["What is this?", ImageUrl("https://example.com/a.png")])
