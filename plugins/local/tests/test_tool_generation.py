"""The real model calls tools. It is small: these tests look at the shape of calls, not at words."""

import asyncio
import json
from contextlib import aclosing, suppress

import pytest
from attrs import evolve
from chat_templates import TEMPLATES

from modelwire.errors import ContextOverflow, MalformedToolCall, RequestTimeout
from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    Diagnostic,
    ResponseInfo,
    Stop,
    TextDelta,
    ToolCallStart,
    UsageReport,
)
from modelwire.hookspecs import CompletionOptions, ToolChoice
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
from modelwire_local.chat import completion
from modelwire_local.discovery import embedded_model
from modelwire_local.tool_generation import ToolGeneration

# It takes long, so it begins early where processes share the tests.
pytestmark = [pytest.mark.usefixtures("weights"), pytest.mark.timeout(120)]

MODEL = evolve(embedded_model("local"), context_window=2048)
ADD = Tool(
    "add.numbers",
    "Add two numbers.",
    {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
    },
)
WEATHER = Tool(
    "weather",
    "Forecast the weather in a city.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
SUM = Context([UserMessage("What is 17 plus 25?")], tools=[WEATHER, ADD])
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ANY = ToolChoice("any")


@pytest.fixture
def stream(provider):
    def stream(context=SUM, *, model=MODEL, **options):
        return plugin.stream_completion(
            model=model, context=context, options=CompletionOptions(**options), provider=provider
        )

    return stream


@pytest.fixture
def ask(stream):
    async def ask(*args, **options):
        return [delta async for delta in stream(*args, **options)]

    return ask


def only(kind, deltas):
    return [delta for delta in deltas if isinstance(delta, kind)]


def calls_of(deltas):
    arguments = json.loads("".join(delta.fragment for delta in only(ArgumentsDelta, deltas)))
    (start,) = only(ToolCallStart, deltas)
    return start.name, arguments


async def test_a_call_comes_as_it_does_from_other_providers(ask):
    deltas = await ask()
    kinds = [type(delta) for delta in deltas if not isinstance(delta, Diagnostic)]
    fragments = len(only(ArgumentsDelta, deltas))
    assert fragments > 1
    expected = [ToolCallStart, ResponseInfo, *[ArgumentsDelta] * fragments, BlockEnd, Stop]
    assert kinds == [*expected, UsageReport]
    (start,) = only(ToolCallStart, deltas)
    assert start.id.startswith("call_")
    assert {delta.index for delta in only((ArgumentsDelta, BlockEnd), deltas)} == {start.index}
    assert only(Stop, deltas)[0].reason is StopReason.TOOL_USE
    assert calls_of(deltas) == ("add.numbers", {"a": 17, "b": 25})


@pytest.mark.extensive("the embedded model answers on the processor")
@pytest.mark.parametrize("name", ["weather", "add.numbers"])
async def test_a_demanded_tool_is_called(ask, name):
    deltas = await ask(tool_choice=ToolChoice("tool", name))
    called, arguments = calls_of(deltas)
    assert called == name
    assert sorted(arguments) == (["city"] if name == "weather" else ["a", "b"])


@pytest.mark.extensive("the embedded model answers on the processor")
async def test_a_call_may_be_demanded_of_any_request(ask):
    hello = evolve(SUM, messages=[UserMessage("Hello!")])
    assert calls_of(await ask(hello, tool_choice=ANY))[0] in {"weather", "add.numbers"}


async def test_no_call_is_made_where_none_may_be(ask):
    deltas = await ask(tool_choice=ToolChoice("none"), max_tokens=4)
    assert only(TextDelta, deltas)
    assert not only(ToolCallStart, deltas)


@pytest.mark.extensive("the embedded model answers on the processor")
async def test_a_result_is_answered_in_words(ask):
    call = AssistantMessage([ToolCall("c1", "add.numbers", {"a": 17, "b": 25})], "local", "m")
    result = ToolResultMessage("c1", "add.numbers", "42")
    deltas = await ask(evolve(SUM, messages=[*SUM.messages, call, result]), max_tokens=8)
    assert only(TextDelta, deltas)
    assert not only(ToolCallStart, deltas)
    kept = evolve(SUM, messages=[*SUM.messages, call, result])
    assert calls_of(await ask(kept, tool_choice=ANY))


@pytest.mark.extensive("the embedded model answers on the processor")
async def test_arguments_have_the_types_of_the_schema(ask):
    schema = {
        "type": "object",
        "properties": {
            "unit": {"enum": ["C", "F"]},
            "days": {"type": "integer", "minimum": 1, "maximum": 7},
            "hours": {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 2},
            "exact": {"type": "boolean"},
            "at": {"$ref": "#/$defs/place"},
        },
        "required": ["unit", "days", "hours", "exact", "at"],
        "$defs": {"place": {"type": "object", "properties": {"x": {"type": "null"}}}},
    }
    context = Context([UserMessage("Weather?")], tools=[Tool("forecast", "Tell it.", schema)])
    _, arguments = calls_of(await ask(context, tool_choice=ANY))
    assert arguments["unit"] in {"C", "F"}
    assert arguments["days"] in range(1, 8)
    assert all(type(hour) in {int, float} for hour in arguments["hours"])
    assert isinstance(arguments["exact"], bool)
    assert arguments["at"] in ({}, {"x": None})


@pytest.mark.extensive("the embedded model answers on the processor")
@pytest.mark.parametrize("parameters", [{}, {"type": "object"}])
async def test_a_tool_without_parameters_is_called_with_none(ask, parameters):
    context = Context([UserMessage("What time is it?")], tools=[Tool("now", "Time.", parameters)])
    assert calls_of(await ask(context, tool_choice=ANY)) == ("now", {})


@pytest.mark.extensive("the embedded model answers on the processor")
async def test_arguments_that_a_grammar_does_not_hold_are_checked(ask):
    schema = {"type": "object", "properties": {"n": {"const": 3, "not": {"const": 3}}}}
    schema["required"] = ["n"]
    context = Context([UserMessage("Three?")], tools=[Tool("number", "A number.", schema)])
    with pytest.raises(
        MalformedToolCall, match="number do not fit its schema: n is what"
    ) as caught:
        await ask(context, tool_choice=ANY)
    assert not caught.value.retryable
    assert (caught.value.provider, caught.value.model) == ("local", MODEL.id)


async def test_an_answer_that_does_not_fit_its_schema_is_reported(ask):
    schema = {"type": "object", "properties": {"n": {"const": 3, "not": {"const": 3}}}}
    deltas = await ask(
        Context([UserMessage("Three?")]), response_schema={**schema, "required": ["n"]}
    )
    (found,) = only(Diagnostic, deltas)
    assert (found.type, found.data) == (
        "unstructured_output",
        {"reason": "n is what it must not be."},
    )


async def test_a_call_that_its_limit_cuts_is_not_ended(ask):
    deltas = await ask(tool_choice=ANY, max_tokens=3)
    assert only(Stop, deltas)[0].reason is StopReason.LENGTH
    assert not only(BlockEnd, deltas)


@pytest.mark.extensive("the embedded model answers on the processor")
async def test_tools_and_a_schema_go_together(ask):
    hello = evolve(SUM, messages=[UserMessage("Hello!")])
    for context in (hello, SUM):
        deltas = await ask(context, response_schema=CITY)
        if only(ToolCallStart, deltas):
            assert calls_of(deltas)
        else:
            answer = json.loads("".join(delta.text for delta in only(TextDelta, deltas)))
            assert isinstance(answer["city"], str)
    assert calls_of(await ask(response_schema=CITY, tool_choice=ANY))


# Files of the user's own


@pytest.fixture(params=["none", *TEMPLATES])
def own(request, weights, make_gguf):
    """A file of the user's own, with a chat template of each kind."""
    path = weights if request.param == "none" else make_gguf(weights, TEMPLATES[request.param])
    return Model("local", request.param, context_window=2048, extra={"path": str(path)})


@pytest.mark.extensive("the embedded model answers on the processor")
async def test_a_demanded_call_is_made_with_every_chat_template(ask, own):
    call = AssistantMessage([ToolCall("c00000001", "weather", {"city": "Oslo"})], "local", "m")
    result = ToolResultMessage("c00000001", "weather", "Sunny")
    later = evolve(SUM, messages=[*SUM.messages, call, result, *SUM.messages])
    named = ToolChoice("tool", "weather")
    deltas = await ask(later, model=own, tool_choice=named, temperature=0, max_tokens=200)
    assert calls_of(deltas)[0] == "weather"


BEGUN = {
    "hermes": '<tool_call>\n{"name": "weather", "arguments": {"city":',
    "llama3": '{"name": "weather", "parameters": {"city":',
    "mistral": '[TOOL_CALLS] [{"name": "weather", "arguments": {"city":',
}


@pytest.mark.extensive("the embedded model answers on the processor")
@pytest.mark.parametrize("form", BEGUN)
async def test_the_forms_of_calls_of_known_templates_are_read(stream, weights, make_gguf, form):
    path = make_gguf(weights, TEMPLATES[form])
    model = Model("local", form, context_window=2048, extra={"path": str(path)})
    begun = AssistantMessage(BEGUN[form], "local", form)
    context = Context([UserMessage("Weather in Oslo?"), begun], tools=[WEATHER])
    deltas = []
    # What a model of another form writes after this beginning may break the form.
    with suppress(MalformedToolCall):
        async for delta in stream(context, model=model, temperature=0, max_tokens=20):
            deltas.append(delta)
    assert [start.name for start in only(ToolCallStart, deltas)] == ["weather"]
    assert only(ArgumentsDelta, deltas)


# Stopping


async def test_a_deadline_holds_while_a_tool_is_chosen(ask):
    with pytest.raises(RequestTimeout) as caught:
        await ask(deadlines=Deadlines(first_byte=0.0))
    assert caught.value.phase == "first_byte"
    assert calls_of(await ask(tool_choice=ToolChoice("tool", "weather")))


async def test_leaving_stops_the_choice(stream, ask, monkeypatch):
    weighed = []

    class Counted(ToolGeneration):
        def _likelihood(self, model, conversation, name):
            weighed.append(self.stopped)
            return super()._likelihood(model, conversation, name)

    monkeypatch.setattr(completion, "ToolGeneration", Counted)
    many = [Tool(f"tool_{n}", f"Do thing number {n}.") for n in range(40)]
    async with aclosing(stream(Context([UserMessage("Do it.")], tools=many))) as deltas:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                async for _ in deltas:
                    pass
    # One thread does one job after another, so the choice has ended for good.
    assert only(TextDelta, await ask(Context([UserMessage("Hello!")]), max_tokens=2))
    assert weighed.count(False) < 41 * 3


async def test_tools_that_do_not_fit_the_context_are_an_overflow(ask):
    small = evolve(MODEL, context_window=256)
    many = [Tool(f"tool_{n}", "Do something that takes many words to say. " * 3) for n in range(9)]
    with pytest.raises(ContextOverflow, match="the context of"):
        await ask(Context([UserMessage("Do it.")], tools=many), model=small)
