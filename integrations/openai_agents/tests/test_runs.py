"""Agents of the OpenAI Agents SDK over the emulated Bedrock."""

import asyncio
import copy
import json
from functools import partial

import pytest
from agents import (
    Agent,
    CustomTool,
    LocalShellTool,
    ModelSettings,
    RunConfig,
    Runner,
    SQLiteSession,
    function_tool,
    handoff,
)
from agents.exceptions import ModelBehaviorError
from agents.extensions.handoff_filters import remove_all_tools
from openai.types.shared import Reasoning
from pydantic import BaseModel

from modelwire import Runtime
from modelwire.errors import ConnectionFailed, InvalidRequest, RateLimited, StreamTruncated
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
from modelwire_openai_agents import ModelwireProvider

pytestmark = pytest.mark.extensive("it needs a framework, which takes long to import")

SONNET = "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HAIKU = "bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0"
PNG = "data:image/png;base64,iVBORw0KGgo="


class Joke(BaseModel):
    """A joke."""

    setup: str
    punchline: str


@function_tool
def look(city: str) -> str:
    """Look up the weather."""
    return f"sunny in {city}"


async def run(provider, agent, said, *, streamed=False, **options):
    """Run an agent to its end, streamed or not."""
    config = RunConfig(model_provider=provider)
    if not streamed:
        return await Runner.run(agent, said, run_config=config, **options)
    result = Runner.run_streamed(agent, said, run_config=config, **options)
    async for _ in result.stream_events():
        pass
    return result


@pytest.fixture
def ask(provider):
    return partial(run, provider)


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def streamed(request):
    return request.param


def agent(**options):
    return Agent(**{"name": "Assistant", "model": SONNET, **options})


def sent(emulator, at=-1):
    return emulator.requests[at].parameters


def items(result, kind):
    return [item for item in result.to_input_list() if item.get("type") == kind]


async def test_an_agent_calls_its_tools_and_ends(emulator, ask, streamed):
    brief = agent(instructions="Be brief.", tools=[look])

    result = await ask(brief, "Is it sunny in 'Oslo'?", streamed=streamed)

    assert result.final_output.endswith("You said: sunny in Oslo")
    (call,) = items(result, "function_call")
    (output,) = items(result, "function_call_output")
    assert json.loads(call["arguments"]) == {"city": "Oslo"}
    assert call["call_id"] == output["call_id"]
    assert sent(emulator)["system"][0] == {"text": "Be brief."}
    assert result.context_wrapper.usage.requests == 2
    assert result.context_wrapper.usage.input_tokens > 0


async def test_an_answer_of_several_texts_is_the_output_as_a_whole(emulator, ask, streamed):
    emulator.answer([Text("One, "), Text("two.")])

    result = await ask(agent(), "Count.", streamed=streamed)

    assert result.final_output == "One, two."


async def test_a_stream_has_the_events_of_the_responses_api(emulator, provider):
    result = Runner.run_streamed(
        agent(tools=[look]),
        "Is it sunny in 'Oslo'?",
        run_config=RunConfig(model_provider=provider),
    )

    events = [e.data async for e in result.stream_events() if e.type == "raw_response_event"]

    kinds = [event.type for event in events]
    assert kinds[0] == "response.created"
    assert "response.function_call_arguments.delta" in kinds
    assert kinds[-1] == "response.completed"
    deltas = [e.delta for e in events if e.type == "response.output_text.delta"]
    assert len(deltas) > 1
    assert "".join(deltas) == result.final_output


async def test_a_handoff_passes_the_conversation_on(emulator, ask, streamed):
    emulator.answer(ToolUse("transfer_to_weather"), when=Match(model="*sonnet*"))
    weather = agent(name="Weather", model=HAIKU, instructions="You know the weather.")
    triage = agent(name="Triage", handoffs=[weather])

    result = await ask(triage, "Is it sunny?", streamed=streamed)

    assert result.last_agent is weather
    assert "haiku" in emulator.requests[-1].parameters["modelId"]
    assert sent(emulator)["system"][0] == {"text": "You know the weather."}
    assert sent(emulator)["messages"][0]["content"] == [{"text": "Is it sunny?"}]
    assert "transfer_to_weather" in str(sent(emulator)["messages"][1:])


async def test_structured_output_is_of_its_class(emulator, ask, streamed):
    result = await ask(agent(output_type=Joke), "A joke about 'cats'", streamed=streamed)

    assert result.final_output == Joke(setup="cats", punchline="cats")
    assert "outputConfig" in sent(emulator)


async def test_ids_that_the_service_gives_twice_are_made_unique(emulator, ask, streamed):
    counted = [ToolUse("look", {"city": "Oslo"}, id="call_0")]
    emulator.answer(counted)
    emulator.answer([ToolUse("look", {"city": "Rome"}, id="call_0")])
    emulator.answer("Both.")

    result = await ask(agent(tools=[look]), "Is it sunny?", streamed=streamed)

    calls, outputs = items(result, "function_call"), items(result, "function_call_output")
    assert [json.loads(call["arguments"])["city"] for call in calls] == ["Oslo", "Rome"]
    assert [each["output"] for each in outputs] == ["sunny in Oslo", "sunny in Rome"]
    assert calls[0]["call_id"] == "call_0"
    assert len({call["call_id"] for call in calls}) == 2
    assert [c["call_id"] for c in calls] == [o["call_id"] for o in outputs]


async def test_ids_stay_unique_where_a_handoff_leaves_out_the_history(emulator, ask, streamed):
    emulator.answer([ToolUse("look", {"city": "Oslo"}, id="call_0")])
    emulator.answer([ToolUse("transfer_to_weather", {}, id="call_0")])
    emulator.answer([ToolUse("look", {"city": "Rome"}, id="call_0")])
    emulator.answer("Both.")
    weather = agent(name="Weather", tools=[look])
    triage = agent(tools=[look], handoffs=[handoff(weather, input_filter=remove_all_tools)])

    result = await ask(triage, "Is it sunny?", streamed=streamed)

    ids = [
        call["call_id"]
        for response in result.raw_responses
        for call in response.to_input_items()
        if call["type"] == "function_call"
    ]
    assert len(ids) == 3
    assert len(set(ids)) == 3


async def test_an_id_of_the_input_is_not_given_again(emulator, ask, streamed):
    emulator.answer([ToolUse("look", {"city": "Rome"}, id="call_7")])
    call = {"call_id": "call_7", "name": "look", "arguments": "{}", "type": "function_call"}
    output = {"call_id": "call_7", "output": "cloudy", "type": "function_call_output"}
    earlier = [{"role": "user", "content": "Is it sunny?"}, call, output]

    result = await ask(agent(tools=[look]), earlier, streamed=streamed)

    first, second = items(result, "function_call")
    assert first["call_id"] == "call_7"
    assert second["call_id"] != "call_7"


@pytest.mark.parametrize(
    "answer",
    [
        [Thinking("Hm, hm.", signature="c2ln"), Text("Paris.")],
        [RedactedThinking(b"opaque"), Text("Paris.")],
    ],
    ids=["thinking", "redacted"],
)
async def test_reasoning_is_an_item_that_goes_back_unchanged(emulator, ask, streamed, answer):
    emulator.answer(answer)
    emulator.answer("Yes.")

    asked = await ask(agent(), "What is the capital of France?", streamed=streamed)
    (item,) = items(asked, "reasoning")
    assert item["provider_data"] == {"model": SONNET}
    await ask(agent(), [*asked.to_input_list(), {"role": "user", "content": "Sure?"}])

    block = sent(emulator)["messages"][1]["content"][0]["reasoningContent"]
    expected = (
        {"reasoningText": {"text": "Hm, hm.", "signature": "c2ln"}}
        if isinstance(answer[0], Thinking)
        else {"redactedContent": b"opaque"}
    )
    assert block == expected


async def test_a_session_keeps_the_conversation(emulator, ask, streamed):
    session = SQLiteSession("one")
    await ask(agent(tools=[look]), "Is it sunny in 'Oslo'?", session=session, streamed=streamed)

    await ask(agent(tools=[look]), "And 'Rome'?", session=session, streamed=streamed)
    session.close()

    assert "Is it sunny in 'Oslo'?" in str(sent(emulator)["messages"])


async def test_settings_are_sent(emulator, ask):
    plain = ModelSettings(max_tokens=2000, temperature=1.0, extra_body={"top_k": 5})
    await ask(agent(model_settings=plain), "Hello")
    thinking = ModelSettings(reasoning=Reasoning(effort="low"))
    await ask(agent(model_settings=thinking), "Hello")
    forced = ModelSettings(tool_choice="look")
    await ask(agent(model_settings=forced, tools=[look]), "Hello 'Oslo'")

    assert sent(emulator, 0)["inferenceConfig"] == {"maxTokens": 2000, "temperature": 1.0}
    assert sent(emulator, 0)["additionalModelRequestFields"]["top_k"] == 5
    fields = sent(emulator, 1)["additionalModelRequestFields"]
    assert fields["thinking"]["type"] == "enabled"
    assert sent(emulator, 2)["toolConfig"]["toolChoice"] == {"tool": {"name": "look"}}


async def test_usage_counts_the_cache(emulator, ask, streamed):
    emulator.answer(Answer("Hi.", usage=TokenUsage(10, 5, cache_read=900, cache_write=30)))

    used = (await ask(agent(), "Hello", streamed=streamed)).context_wrapper.usage

    assert (used.input_tokens, used.output_tokens, used.total_tokens) == (940, 5, 945)
    details = used.input_tokens_details
    assert (details.cached_tokens, details.cache_write_tokens) == (900, 30)


async def test_pictures_go_to_the_model(emulator, ask):
    picture = {"type": "input_image", "image_url": PNG, "detail": "auto"}
    text = {"type": "input_text", "text": "What is this?"}

    await ask(agent(), [{"role": "user", "content": [text, picture]}])

    said, image, *_ = sent(emulator)["messages"][0]["content"]
    assert said == {"text": "What is this?"}
    assert image["image"]["source"]["bytes"].startswith(b"\x89PNG")


async def test_a_custom_tool_gets_its_text(emulator, ask, streamed):
    emulator.answer(ToolUse("run", {"input": "print(1)"}))
    given = []

    async def on_invoke(_, text):
        given.append(text)
        return "1"

    code = CustomTool(name="run", description="Runs code.", on_invoke_tool=on_invoke)
    await ask(agent(tools=[code]), "Go", streamed=streamed)

    assert given == ["print(1)"]


async def test_a_local_shell_gets_its_command(emulator, ask, streamed):
    emulator.answer(ToolUse("local_shell", {"command": ["ls", "-l"]}))
    commands = []

    def execute(request):
        commands.append(request.data.action.command)
        return "a file"

    await ask(agent(tools=[LocalShellTool(execute)]), "Go", streamed=streamed)

    assert commands == [["ls", "-l"]]
    assert "a file" in str(sent(emulator)["messages"][-1])


@pytest.mark.parametrize(
    ("fault", "error"),
    [("no_stop", StreamTruncated), ("truncate", StreamTruncated), ("reset", ConnectionFailed)],
)
async def test_an_answer_that_breaks_off_is_an_error(emulator, ask, streamed, fault, error):
    emulator.answer("A long answer, in many words.", fault=Fault(fault, after=3), times=None)

    with pytest.raises(error):
        await ask(agent(), "Hello", streamed=streamed)


async def test_a_stream_that_ends_at_the_limit_of_tokens_is_an_error_of_the_sdk(emulator, ask):
    emulator.answer(Answer("Par", stop_reason="max_tokens"))

    with pytest.raises(ModelBehaviorError, match="max_output_tokens"):
        await ask(agent(), "Hello", streamed=True)


async def test_a_stream_that_is_left_closes_its_connection(emulator, provider):
    emulator.answer(Answer("word " * 50, pacing=Pacing(between=0.2)), times=None)
    result = Runner.run_streamed(agent(), "Hello", run_config=RunConfig(model_provider=provider))

    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            result.cancel()

    (request,) = emulator.requests
    await asyncio.to_thread(request.wait)
    assert request.end == "client_left"


async def test_a_failure_is_an_error_of_modelwire(emulator, streamed):
    emulator.answer(fault=Fault.error("ThrottlingException", retry_after=0), times=None)
    runtime = Runtime.from_config({}, retries=RetryPolicy(max_attempts=1))

    async with runtime:
        with pytest.raises(RateLimited) as caught:
            await run(ModelwireProvider(runtime=runtime), agent(), "Hello", streamed=streamed)

    assert caught.value.status == 429


async def test_fallbacks_answer_where_a_model_fails(emulator, streamed):
    refused = Fault.error("AccessDeniedException")
    emulator.answer(fault=refused, when=Match(model="*sonnet*"), times=None)

    async with ModelwireProvider(fallbacks=[HAIKU], config={}) as provider:
        result = await run(provider, agent(), "Hello", streamed=streamed)

    assert result.final_output
    assert "haiku" in sent(emulator)["modelId"]


async def test_no_name_is_the_primary_model_of_the_configuration(emulator):
    config = {"agents": {"defaults": {"model": {"primary": HAIKU}}}}
    async with ModelwireProvider(config=config) as provider:
        plain = Agent("Assistant", model=provider.get_model(None))
        await Runner.run(plain, "Hello")

    assert "haiku" in sent(emulator)["modelId"]


async def test_a_model_of_the_responses_api_itself_answers_as_well(emulator, streamed):
    """Fields that only this API has are passed on to it."""
    served = {
        "baseUrl": f"{emulator.mantle_url}/v1",
        "api": "openai-responses",
        "apiKey": "key",
        "models": [{"id": "openai.gpt-oss-120b"}],
    }
    settings = ModelSettings(verbosity="low", parallel_tool_calls=False, store=False)
    plain = agent(model="mine/openai.gpt-oss-120b", tools=[look], model_settings=settings)

    async with ModelwireProvider(config={"models": {"providers": {"mine": served}}}) as provider:
        result = await run(provider, plain, "Is it sunny in 'Oslo'?", streamed=streamed)

    assert result.final_output.endswith("You said: sunny in Oslo")
    assert [request.status for request in emulator.requests] == [200, 200]


def test_a_provider_serves_several_event_loops(emulator):
    provider = ModelwireProvider(config={})

    async def ask():
        async with provider:
            config = RunConfig(model_provider=provider)
            return (await Runner.run(agent(), "Hello", run_config=config)).final_output

    assert asyncio.run(ask()) == asyncio.run(ask())


async def test_a_deep_copy_of_an_agent_shares_its_connections(emulator, provider):
    first = Agent(name="Assistant", model=provider.get_model(HAIKU))
    copied = copy.deepcopy(first)
    assert (await Runner.run(copied, "Hello")).final_output
    assert copied.model._runtime.get() is first.model._runtime.get()


async def test_a_runtime_can_be_shared(emulator):
    async with Runtime.from_config({}) as runtime:
        async with ModelwireProvider(runtime=runtime) as provider:
            model = provider.get_model(HAIKU)
            assert (await Runner.run(agent(model=model), "Hello")).final_output
        assert (await runtime.complete("Hello", model=HAIKU)).text
        with pytest.raises(InvalidRequest, match="leave out config"):
            ModelwireProvider(runtime=runtime, config={})
