"""Strands' agents over the emulated Bedrock."""

import threading

import pytest
from pydantic import BaseModel, ValidationError
from strands import Agent, tool
from strands.event_loop._retry import ModelRetryStrategy
from strands.types.exceptions import (
    ContextWindowOverflowException,
    MaxTokensReachedException,
    ModelThrottledException,
)

from modelwire import Runtime
from modelwire.errors import (
    AccessDenied,
    ConnectionFailed,
    ContextOverflow,
    InvalidMessage,
    InvalidRequest,
    RateLimited,
    StreamTruncated,
)
from modelwire.transport import RetryPolicy
from modelwire_bedrock.emulator import (
    Answer,
    Fault,
    Match,
    RedactedThinking,
    Text,
    Thinking,
    TokenUsage,
    ToolUse,
)
from modelwire_strands import ModelwireModel

pytestmark = pytest.mark.extensive("it needs a framework, which takes long to import")

HAIKU = "bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0"
NOVA = "bedrock/us.amazon.nova-pro-v1:0"
PNG = b"\x89PNG\r\n\x1a\n"


class Joke(BaseModel):
    """A joke."""

    setup: str
    punchline: str


@tool
def look(city: str) -> str:
    """Look up the weather.

    Args:
        city: Where.
    """
    return f"sunny in {city}"


@pytest.fixture
def agent(model):
    return Agent(model, tools=[look], system_prompt="Be brief.", callback_handler=None)


def quiet(model, **settings):
    return Agent(model, callback_handler=None, **settings)


def sent(emulator, at=-1):
    return emulator.requests[at].parameters


def asked(text, *more):
    return [{"role": "user", "content": [{"text": text}, *more]}]


async def test_an_agent_calls_its_tools_and_ends(emulator, agent):
    result = await agent.invoke_async("Is it sunny in 'Oslo'?")

    assert str(result).strip().endswith("You said: sunny in Oslo")
    assert result.stop_reason == "end_turn"
    _, call, returned, _ = agent.messages
    assert call["content"][-1]["toolUse"]["input"] == {"city": "Oslo"}
    assert returned["content"][0]["toolResult"]["content"] == [{"text": "sunny in Oslo"}]
    assert sent(emulator)["system"][0] == {"text": "Be brief."}
    assert result.metrics.accumulated_usage["inputTokens"] > 0


def test_calls_that_block_run_in_loops_of_their_own(emulator, agent):
    first, second = agent("Is it sunny in 'Oslo'?"), agent("Is it sunny in 'Rome'?")

    assert "sunny in Oslo" in str(first)
    assert "sunny in Rome" in str(second)


def test_agents_in_several_threads_share_one_model(emulator, model):
    answers = [None] * 4

    def ask(at):
        answers[at] = str(quiet(model)(f"Number {at}")).strip()

    threads = [threading.Thread(target=ask, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer[-8:] for answer in answers] == [f"Number {at}" for at in range(4)]


async def test_events_are_those_of_converse(emulator, model):
    emulator.answer(ToolUse("look", {"city": "Oslo"}))

    events = [event async for event in model.stream(asked("Hello"), [look.tool_spec])]

    names = [next(iter(event)) for event in events]
    assert names[:2] == ["messageStart", "contentBlockStart"]
    assert names[-3:] == ["contentBlockStop", "messageStop", "metadata"]
    assert events[0] == {"messageStart": {"role": "assistant"}}
    assert events[1]["contentBlockStart"]["start"]["toolUse"]["name"] == "look"
    assert events[-2] == {"messageStop": {"stopReason": "tool_use"}}


async def test_text_arrives_in_pieces(emulator, agent):
    pieces = [event["data"] async for event in agent.stream_async("Hello") if "data" in event]

    assert len(pieces) > 1
    assert "".join(pieces) == str(await agent.invoke_async("Hello")).strip()


async def test_structured_output_is_what_the_class_says(emulator, model):
    result = await quiet(model).invoke_async("A joke about 'cats'", structured_output_model=Joke)

    assert result.structured_output == Joke(setup="cats", punchline="cats")


async def test_the_model_gives_structured_output_by_itself(emulator, model):
    events = [
        event async for event in model.structured_output(Joke, asked("Of 'cats'"), "Be brief.")
    ]

    assert events[-1] == {"output": Joke(setup="cats", punchline="cats")}
    assert "messageStop" in events[-3]
    assert "outputConfig" in sent(emulator)
    assert sent(emulator)["system"][0] == {"text": "Be brief."}


async def test_structured_output_that_does_not_fit_is_an_error(emulator, model):
    emulator.answer('{"setup": "cats"}', times=None)

    with pytest.raises(ValidationError, match="punchline"):
        [event async for event in model.structured_output(Joke, asked("Of 'cats'"))]


@pytest.mark.parametrize(
    "answer",
    [
        [Thinking("Hm, hm.", signature="c2ln"), Text("Paris.")],
        [RedactedThinking(b"opaque"), Text("Paris.")],
    ],
    ids=["thinking", "redacted"],
)
async def test_thinking_goes_back_unchanged(emulator, model, answer):
    emulator.answer(answer)
    emulator.answer("Yes.")
    agent = quiet(model)

    await agent.invoke_async("What is the capital of France?")
    await agent.invoke_async("Sure?")

    expected = (
        {"reasoningText": {"text": "Hm, hm.", "signature": "c2ln"}}
        if isinstance(answer[0], Thinking)
        else {"redactedContent": b"opaque"}
    )
    assert agent.messages[1]["content"][0]["reasoningContent"] == expected
    assert sent(emulator)["messages"][1]["content"][0]["reasoningContent"] == expected


async def test_settings_are_sent(emulator):
    settings = {"max_tokens": 2000, "temperature": 1.0, "stop_sequences": ["END"]}
    model = ModelwireModel(HAIKU, config={}, **settings)
    await quiet(model).invoke_async("Hello")
    model.update_config(reasoning="low", temperature=None)
    await quiet(model).invoke_async("Hello")

    config = {"maxTokens": 2000, "temperature": 1.0, "stopSequences": ["END"]}
    assert sent(emulator, 0)["inferenceConfig"] == config
    fields = sent(emulator, 1)["additionalModelRequestFields"]
    assert fields["thinking"]["type"] == "enabled"
    assert model.get_config()["reasoning"] == "low"
    with pytest.raises(InvalidRequest, match="no setting 'max_token'"):
        model.update_config(max_token=5)


async def test_the_context_window_is_the_models_or_the_setting(emulator):
    small = {"id": HAIKU.partition("/")[2], "contextWindow": 9000}
    config = {"models": {"providers": {"bedrock": {"models": [small]}}}}
    model = ModelwireModel(HAIKU, config=config)

    await quiet(model).invoke_async("Hello")
    assert model.context_window_limit == 9000
    model.update_config(context_window_limit=5000)
    assert model.context_window_limit == 5000


async def test_cache_points_say_whether_the_prompt_is_cached(emulator, model):
    point = {"cachePoint": {"type": "default", "ttl": "1h"}}

    await quiet(model, system_prompt=[{"text": "word " * 9000}, point]).invoke_async("Hello")

    assert sent(emulator)["system"][-1] == point


async def test_usage_is_counted_and_a_cut_answer_is_an_error_of_strands(emulator, model):
    usage = TokenUsage(10, 5, cache_read=900, cache_write=30)
    emulator.answer(Answer("Par", usage=usage, stop_reason="max_tokens"), times=None)
    agent = quiet(model)

    with pytest.raises(MaxTokensReachedException):
        await agent.invoke_async("Hello")

    counted = agent.event_loop_metrics.accumulated_usage
    assert (counted["inputTokens"], counted["outputTokens"]) == (10, 5)
    assert (counted["cacheReadInputTokens"], counted["cacheWriteInputTokens"]) == (900, 30)


async def test_pictures_go_to_the_model(emulator, model):
    picture = {"image": {"format": "png", "source": {"bytes": PNG}}}

    await quiet(model).invoke_async([{"text": "What is this?"}, picture])

    assert sent(emulator)["messages"][0]["content"][1] == picture


async def test_a_picture_in_s3_goes_to_the_model(emulator):
    stored = {"uri": "s3://bucket/one.png", "bucketOwner": "123456789012"}
    picture = {"image": {"format": "png", "source": {"location": {"type": "s3", **stored}}}}

    async with ModelwireModel(NOVA, config={}) as nova:
        await quiet(nova).invoke_async([{"text": "What is this?"}, picture])

    there = {"image": {"format": "png", "source": {"s3Location": stored}}}
    assert sent(emulator)["messages"][0]["content"][1] == there


async def test_a_tool_returns_a_document_in_s3(emulator, model):
    stored = {"uri": "s3://bucket/one.pdf"}
    document = {"format": "pdf", "name": "one", "source": {"location": {"type": "s3", **stored}}}

    @tool
    def find() -> dict:
        """Find the document."""
        return {"status": "success", "content": [{"document": document}]}

    await quiet(model, tools=[find]).invoke_async("Find it.")

    (block,) = sent(emulator)["messages"][-1]["content"][0]["toolResult"]["content"]
    assert block["document"]["source"] == {"s3Location": stored}


async def test_media_elsewhere_are_refused_with_their_place(model):
    elsewhere = {"location": {"type": "https", "uri": "https://example.com/one.png"}}
    picture = {"image": {"format": "png", "source": elsewhere}}

    with pytest.raises(InvalidMessage, match=r"messages\[0\].content\[1\].image.source.location"):
        await anext(model.stream(asked("What is this?", picture)))


async def test_all_calls_of_an_answer_are_run(emulator, model):
    emulator.answer(
        [Text("I look."), *(ToolUse("look", {"city": city}) for city in ("Oslo", "Rome"))]
    )

    agent = quiet(model, tools=[look])
    await agent.invoke_async("The weather?")

    _, said, returned, _ = agent.messages
    assert [list(block) for block in said["content"]] == [["text"], ["toolUse"], ["toolUse"]]
    texts = [block["toolResult"]["content"][0]["text"] for block in returned["content"]]
    assert sorted(texts) == ["sunny in Oslo", "sunny in Rome"]


@pytest.mark.parametrize(
    ("fault", "theirs", "ours"),
    [
        ("ThrottlingException", ModelThrottledException, RateLimited),
        ("Input is too long for requested model.", ContextWindowOverflowException, ContextOverflow),
    ],
)
async def test_failures_that_strands_acts_on_are_its_own(emulator, fault, theirs, ours):
    failure = (
        Fault.error(fault, retry_after=0)
        if theirs is ModelThrottledException
        else Fault.error("ValidationException", message=fault)
    )
    emulator.answer(fault=failure, times=None)
    runtime = Runtime.from_config({}, retries=RetryPolicy(max_attempts=1))
    model = ModelwireModel(HAIKU, runtime=runtime)

    with pytest.raises(theirs) as caught:
        [event async for event in model.stream(asked("Hello"))]
    await runtime.aclose()

    assert isinstance(caught.value.__cause__, ours)


async def test_an_agent_asks_again_after_throttling(emulator):
    emulator.answer(fault=Fault.error("ThrottlingException", retry_after=0))
    async with Runtime.from_config({}, retries=RetryPolicy(max_attempts=1)) as runtime:
        agent = quiet(
            ModelwireModel(HAIKU, runtime=runtime),
            retry_strategy=ModelRetryStrategy(max_attempts=2, initial_delay=0),
        )
        assert str(await agent.invoke_async("Hello")).strip()

    assert len(emulator.requests) == 2


async def test_an_agent_shortens_a_conversation_that_is_too_long(emulator, model):
    agent = quiet(model)
    for number in range(3):
        await agent.invoke_async(f"Number {number}")
    before = len(agent.messages)
    error = Fault.error("ValidationException", message="Input is too long for requested model.")
    emulator.answer(fault=error)

    assert str(await agent.invoke_async("Number 3")).strip().endswith("Number 3")
    assert len(agent.messages) < before + 2


async def test_other_failures_stay_ours(emulator, model):
    emulator.answer(fault=Fault.error("AccessDeniedException"), times=None)

    with pytest.raises(AccessDenied):
        await quiet(model).invoke_async("Hello")


async def test_fallbacks_answer_where_the_first_model_fails(emulator):
    refused = Fault.error("AccessDeniedException")
    emulator.answer(fault=refused, when=Match(model="*sonnet*"), times=None)
    sonnet = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"

    async with ModelwireModel(sonnet, config={}, fallbacks=[HAIKU]) as model:
        assert str(await quiet(model).invoke_async("Hello")).strip()

    assert emulator.requests[-1].model_id == HAIKU.partition("/")[2]


@pytest.mark.parametrize(
    ("plugin", "api", "path", "name"),
    [
        ("openai", "openai-completions", "/openai/v1", "openai.gpt-oss-120b-1:0"),
        ("anthropic", "anthropic-messages", "/anthropic", "us.anthropic.claude-opus-5"),
    ],
)
async def test_other_apis_get_the_same_conversation(emulator, plugin, api, path, name):
    pytest.importorskip(f"modelwire_{plugin}", reason="its plugin is not installed")
    server = {"api": api, "baseUrl": emulator.url + path, "apiKey": "k", "models": [{"id": name}]}
    config = {"models": {"providers": {"server": server}}}

    async with ModelwireModel(f"server/{name}", config=config) as model:
        agent = quiet(model, tools=[look])
        result = await agent.invoke_async("Is it sunny in 'Oslo'?")

    assert str(result).strip().endswith("You said: sunny in Oslo")
    assert agent.messages[1]["content"][-1]["toolUse"]["input"] == {"city": "Oslo"}


@pytest.mark.parametrize(
    ("fault", "error"),
    [("no_stop", StreamTruncated), ("truncate", StreamTruncated), ("reset", ConnectionFailed)],
)
async def test_a_stream_that_breaks_off_is_an_error(emulator, model, fault, error):
    emulator.answer("A long answer, in many words.", fault=Fault(fault, after=3), times=None)
    agent = quiet(model)

    with pytest.raises(error):
        await agent.invoke_async("Hello")

    assert [message["role"] for message in agent.messages] == ["user"]


async def test_a_part_that_no_model_gets_is_logged(emulator, model, caplog):
    blocks = [{"text": "Be brief."}, {"guardContent": {"text": {"text": "secret"}}}]

    await quiet(model, system_prompt=blocks).invoke_async("Hello")

    (record,) = [each for each in caplog.records if each.name.startswith("modelwire_strands")]
    assert record.getMessage() == "system[1]: Only text is passed on in the system prompt."
    assert "secret" not in str(sent(emulator)["system"])


async def test_a_message_that_is_not_well_formed_is_an_error_with_its_place(model):
    wrong = {"image": {"format": "bmp", "source": {"bytes": PNG}}}

    with pytest.raises(InvalidMessage, match=r"messages\[0\].content\[1\].image.format"):
        [event async for event in model.stream(asked("What is this?", wrong))]
