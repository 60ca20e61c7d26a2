"""The real model answers. It is small: these tests look at the shape of answers, not at words."""

import asyncio
import json

import pytest
from attrs import evolve

from modelwire.errors import (
    ContextOverflow,
    InvalidRequest,
    MalformedToolCall,
    NotFound,
    RequestTimeout,
)
from modelwire.events import (
    Diagnostic,
    ResponseInfo,
    Stop,
    TextDelta,
    UsageReport,
)
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import (
    AssistantMessage,
    Context,
    StopReason,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.models import Model
from modelwire.transport import Deadlines
from modelwire_local import plugin
from modelwire_local.discovery import embedded_model

# It takes long, so it begins early where processes share the tests.
pytestmark = [pytest.mark.usefixtures("weights"), pytest.mark.timeout(120)]

MODEL = evolve(embedded_model("local"), context_window=1024)
FRANCE = Context([UserMessage("What is the capital of France?")])


@pytest.fixture
def ask(provider):
    async def ask(context=FRANCE, *, model=MODEL, **options):
        stream = plugin.stream_completion(
            model=model, context=context, options=CompletionOptions(**options), provider=provider
        )
        return [delta async for delta in stream]

    return ask


def text_of(deltas):
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


def usage_of(deltas):
    return next(delta.usage for delta in deltas if isinstance(delta, UsageReport))


def stop_of(deltas):
    return next(delta for delta in deltas if isinstance(delta, Stop))


async def test_an_answer_comes_token_by_token_and_ends(ask):
    deltas = await ask()
    assert isinstance(deltas[0], ResponseInfo)
    assert sum(isinstance(delta, TextDelta) for delta in deltas) > 2
    assert text_of(deltas).strip()
    assert stop_of(deltas) == Stop(StopReason.STOP, "stop")


async def test_tokens_are_counted_and_cached_ones_apart(ask):
    first = usage_of(await ask(max_tokens=5))
    second = usage_of(await ask(max_tokens=5))
    assert first.output == second.output == 5
    assert first.input + first.cache_read == second.input + second.cache_read > 20
    assert second.cache_read > 0


async def test_the_limit_on_tokens_ends_the_answer(ask):
    deltas = await ask(max_tokens=3)
    assert stop_of(deltas) == Stop(StopReason.LENGTH, "length")
    assert usage_of(deltas).output == 3


@pytest.mark.extensive("the embedded model answers on the processor")
async def test_the_end_of_the_context_is_a_limit_on_tokens(ask):
    story = Context([UserMessage("Write a long story about a dragon." * 20)])
    small = evolve(MODEL, context_window=256)
    deltas = await ask(story, model=small, max_tokens=4000, params={"ignore_eos": True})
    assert stop_of(deltas).reason is StopReason.LENGTH
    assert usage_of(deltas).total_tokens <= 256


async def test_a_prompt_beyond_the_context_overflows(ask):
    with pytest.raises(ContextOverflow, match="1024"):
        await ask(Context([UserMessage("hello " * 1500)]))


async def test_an_answer_follows_its_schema(ask):
    schema = {
        "type": "object",
        "properties": {"capital": {"type": "string"}, "population": {"type": "integer"}},
        "required": ["capital", "population"],
        "additionalProperties": False,
    }
    answer = json.loads(text_of(await ask(response_schema=schema)))
    assert set(answer) == {"capital", "population"}
    assert isinstance(answer["population"], int)


async def test_a_choice_of_words_is_a_schema_too(ask):
    answer = json.loads(text_of(await ask(response_schema={"enum": ["yes", "no"]})))
    assert answer in ("yes", "no")


async def test_a_wrong_schema_is_refused_and_the_engine_goes_on(ask):
    with pytest.raises(InvalidRequest, match="schema"):
        await ask(response_schema={"type": "nonsense"})
    assert text_of(await ask())


async def test_a_stop_sequence_is_not_part_of_the_answer(ask):
    count = Context([UserMessage("Count: 1, 2, 3, 4,")])
    deltas = await ask(count, stop=("e",), max_tokens=60)
    assert "e" not in text_of(deltas)


@pytest.mark.extensive("the embedded model answers on the processor")
async def test_requests_queue_and_the_loop_stays_free(ask):
    turns = 0

    async def tick():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    answers = await asyncio.gather(*(ask(max_tokens=8) for _ in range(3)))
    ticking.cancel()
    assert all(text_of(answer) for answer in answers)
    assert turns > 24


def test_a_loaded_model_serves_one_event_loop_after_another(ask):
    for _ in range(2):
        assert text_of(asyncio.run(ask(max_tokens=4)))


async def test_a_deadline_before_the_first_chunk_is_a_timeout(ask):
    with pytest.raises(RequestTimeout) as caught:
        await ask(deadlines=Deadlines(first_byte=0.0))
    assert caught.value.phase == "first_byte"
    assert text_of(await ask(max_tokens=4))


async def test_a_gguf_file_of_the_users_own_is_a_model(ask, weights):
    own = Model("local", "mine", context_window=512, extra={"path": str(weights)})
    deltas = await ask(model=own, max_tokens=4)
    assert usage_of(deltas).output == 4


async def test_a_missing_file_fails_when_it_is_used(ask, tmp_path):
    own = Model("local", "mine", extra={"path": str(tmp_path / "absent.gguf")})
    with pytest.raises(NotFound, match="absent"):
        await ask(model=own)


# Repairs, and tools that a chat template renders

WEATHER = Tool(
    "get.weather",
    "Tells the weather.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


def changes_of(deltas):
    return [(d.type, d.data["path"]) for d in deltas if isinstance(d, Diagnostic)]


async def test_repairs_are_recorded_before_the_answer(ask):
    context = Context(
        [
            UserMessage("Hello."),
            AssistantMessage("Half an", "other", "m", stop_reason=StopReason.ERROR),
            ToolResultMessage("c9", "weather", "Sunny"),
            UserMessage("What is the capital of France?"),
        ]
    )
    deltas = await ask(context, max_tokens=4)
    assert changes_of(deltas) == [
        ("dropped", "messages[1]"),
        ("dropped", "messages[2]"),
        ("merged", "messages[3]"),
    ]
    assert all(isinstance(delta, Diagnostic) for delta in deltas[:3])
    repaired = Context([UserMessage("Hello.\n\nWhat is the capital of France?")])
    assert usage_of(deltas).total_tokens == usage_of(await ask(repaired, max_tokens=4)).total_tokens


@pytest.fixture
def own(weights):
    """A file of the user's own whose chat template knows no tools."""
    return Model("local", "mine", context_window=1024, extra={"path": str(weights)})


@pytest.fixture
def own_with_tools(weights, make_gguf):
    """A file of the user's own whose chat template renders tools, calls and results."""
    path = make_gguf(weights)
    return Model("local", "with-tools", context_window=1024, extra={"path": str(path)})


@pytest.mark.extensive("the embedded model answers on the processor")
async def test_a_chat_template_that_renders_tools_gets_them(ask, own_with_tools):
    question = UserMessage("What is the weather?")
    without = await ask(Context([question]), model=own_with_tools, max_tokens=4)
    offered = await ask(Context([question], tools=[WEATHER]), model=own_with_tools, max_tokens=4)
    assert changes_of(offered) == [("rewritten", "tools[0].name")]
    assert prompt_tokens(offered) > prompt_tokens(without) + 20


@pytest.mark.extensive("the embedded model answers on the processor")
async def test_a_call_that_breaks_the_form_of_the_template_is_a_typed_error(ask, own_with_tools):
    begun = AssistantMessage('<tool_call>\n{"name": weather of', "local", "with-tools")
    context = Context([UserMessage("What is the weather in Paris?"), begun], tools=[WEATHER])
    with pytest.raises(MalformedToolCall, match="form of its template") as caught:
        await ask(context, model=own_with_tools, temperature=0, max_tokens=8)
    assert (caught.value.provider, caught.value.model) == ("local", "with-tools")
    assert text_of(await ask(model=own_with_tools, max_tokens=4))


@pytest.mark.extensive("the embedded model answers on the processor")
async def test_calls_and_results_reach_a_model_in_the_form_that_its_template_renders(
    ask, own, own_with_tools
):
    context = Context(
        [
            UserMessage("Weather in Oslo?"),
            AssistantMessage([ToolCall("c1", "weather", {})], "other", "m"),
            ToolResultMessage("c1", "weather", "Sunny"),
        ]
    )
    in_words = await ask(context, model=own, max_tokens=4)
    assert changes_of(in_words) == [
        ("rewritten", "messages[1].content[0]"),
        ("rewritten", "messages[2]"),
    ]
    assert changes_of(await ask(context, model=own_with_tools, max_tokens=4)) == []


@pytest.mark.extensive("the embedded model answers on the processor")
async def test_a_deadline_holds_while_the_chat_template_is_inspected(ask, weights, make_gguf):
    fresh = Model("local", "fresh", context_window=256, extra={"path": str(make_gguf(weights))})
    context = Context([UserMessage("Weather?")], tools=[WEATHER])
    with pytest.raises(RequestTimeout) as caught:
        await ask(context, model=fresh, deadlines=Deadlines(first_byte=0.0))
    assert caught.value.phase == "first_byte"
    assert text_of(await ask(context, model=fresh, max_tokens=4))


def prompt_tokens(deltas):
    usage = usage_of(deltas)
    return usage.input + usage.cache_read
