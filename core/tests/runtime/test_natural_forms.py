"""What a Python programmer writes first: functions as tools, words as choices, dictionaries as messages."""

import asyncio
import gc
import importlib
import json
import weakref
from dataclasses import dataclass

import pytest

from modelwire import (
    Context,
    SyncRuntime,
    Tool,
    ToolChoice,
    ToolRun,
    UserMessage,
    run_tools,
    tool_from,
)
from modelwire.errors import InvalidMessage, InvalidRequest
from modelwire.tools.forms import read_tools
from modelwire.tools.schemas import describe_answer


@dataclass
class City:
    name: str


def weather(city: str) -> str:
    """Forecast the weather."""
    return f"sunny in {city}"


DICTIONARY = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Forecast the weather.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
FORMS = [
    weather,
    tool_from(weather),
    tool_from(weather).tool,
    DICTIONARY,
    {"type": "function", **DICTIONARY["function"]},
]
CALL = json.dumps([[["weather", {"city": "Bern"}]], "It is %s."])


@pytest.fixture
def seen(scripted):
    return importlib.import_module(scripted).seen


@pytest.mark.parametrize("form", FORMS, ids=lambda form: type(form).__name__)
async def test_a_tool_may_have_any_form(make_runtime, seen, form):
    runtime = make_runtime()
    message = await runtime.complete(CALL, model="scripted/m", tools=[form])
    assert message.tool_calls[0].arguments == {"city": "Bern"}
    assert seen[0][0].tools == [tool_from(weather).tool]


@pytest.mark.parametrize("form", FORMS[:2], ids=lambda form: type(form).__name__)
async def test_a_loop_runs_functions_of_any_form(make_runtime, seen, form):
    async with run_tools(
        make_runtime(), CALL, [form], approve="always", model="scripted/m"
    ) as loop:
        runs = [item async for item in loop if isinstance(item, ToolRun)]
    assert [run.result.content[0].text for run in runs] == ["sunny in Bern"]
    assert loop.context.messages[-1].text == "It is sunny in Bern."


def test_a_synchronous_loop_takes_the_same_forms(make_runtime, scripted):
    with (
        SyncRuntime(make_runtime()) as runtime,
        runtime.run_tools(CALL, [weather], approve="always", model="scripted/m") as loop,
    ):
        runs = [item for item in loop if isinstance(item, ToolRun)]
        assert [run.approved for run in runs] == [True]
        assert loop.context.messages[-1].text == "It is sunny in Bern."


async def test_a_loop_that_may_never_run_a_tool_declines_each_call(make_runtime, scripted):
    runtime = make_runtime()
    async with run_tools(runtime, CALL, [weather], approve="never", model="scripted/m") as loop:
        runs = [item async for item in loop if isinstance(item, ToolRun)]
    assert [(run.approved, run.result.is_error) for run in runs] == [(False, True)]


@pytest.mark.parametrize("form", FORMS[2:], ids=lambda form: type(form).__name__)
async def test_the_calls_of_a_tool_without_a_function_are_left_to_the_caller(
    make_runtime, scripted, form
):
    runtime = make_runtime()
    async with run_tools(runtime, CALL, [form], approve="always", model="scripted/m") as loop:
        assert [item async for item in loop if isinstance(item, ToolRun)] == []
    assert loop.context.messages[-1].tool_calls[0].name == "weather"


@pytest.mark.parametrize("approve", ["perhaps", True, None])
def test_another_word_is_no_approval(make_runtime, scripted, approve):
    runtime = make_runtime()
    with pytest.raises(InvalidRequest, match=r"^approve is "):
        run_tools(runtime, CALL, [weather], approve=approve)
    with SyncRuntime(runtime) as sync, pytest.raises(InvalidRequest, match=r"^approve is "):
        sync.run_tools(CALL, [weather], approve=approve)


@pytest.mark.parametrize(
    ("tools", "named"),
    [
        ([5], "tools[0] is int"),
        ([weather, "weather"], "tools[1] is str"),
        (weather, "tools is function"),
        ("weather", "tools is str"),
        (DICTIONARY, "tools is dict"),
        ([{"name": "weather"}], "tools[0].type is None"),
        ([{"type": "function", "function": {}}], "tools[0].function.name is NoneType"),
        ([{"type": "function", "name": "f", "parameters": 5}], "tools[0].parameters is int"),
        ([{"type": "function", "name": "f", "strict": "yes"}], "tools[0].strict is str"),
    ],
)
async def test_what_is_no_tool_is_named_before_anything_is_sent(make_runtime, seen, tools, named):
    runtime = make_runtime()
    for ask in (runtime.stream, lambda x, tools: run_tools(runtime, x, tools, approve="always")):
        with pytest.raises(InvalidMessage) as caught:
            ask("hi", tools=tools)
        assert str(caught.value).startswith(named)
        assert caught.value.hint
    assert seen == []


@pytest.mark.parametrize(
    ("word", "choice"),
    [
        ("auto", ToolChoice("auto")),
        ("none", ToolChoice("none")),
        ("any", ToolChoice("any")),
        ("weather", ToolChoice("tool", "weather")),
    ],
)
async def test_a_choice_may_be_a_word_or_a_name(make_runtime, seen, word, choice):
    await make_runtime().complete(CALL, model="scripted/m", tools=[weather], tool_choice=word)
    assert seen[0][1].tool_choice == choice


async def test_a_demanded_call_is_demanded_once(make_runtime, seen):
    async with run_tools(
        make_runtime(), CALL, [weather], approve="always", model="scripted/m", tool_choice="any"
    ) as loop:
        async for _ in loop:
            pass
    assert [options.tool_choice for _, options in seen] == [ToolChoice("any"), None]


async def test_a_class_may_be_the_schema_of_an_answer(make_runtime, seen):
    await make_runtime().complete('["x"]', model="scripted/m", response_schema=City)
    assert seen[0][1].response_schema == describe_answer(City)


async def test_messages_may_be_dictionaries(make_runtime, seen):
    history = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": '["", "fine"]'},
    ]
    message = await make_runtime().complete(history, model="scripted/m")
    assert message.text == "fine"
    assert seen[0][0].system_prompt == "Be brief."
    assert [type(each).__name__ for each in seen[0][0].messages] == [
        "UserMessage",
        "AssistantMessage",
        "UserMessage",
    ]


async def test_one_dictionary_is_one_message(make_runtime, seen):
    asked = {"role": "user", "content": '["fine"]'}
    assert (await make_runtime().complete(asked, model="scripted/m")).text == "fine"


async def test_a_system_message_adds_to_the_context_and_gives_way_to_the_argument(
    make_runtime, seen
):
    system = {"role": "system", "content": "Be kind."}
    context = Context([system, UserMessage('["x"]')], system_prompt="Be brief.")
    runtime = make_runtime()
    await runtime.complete(context, model="scripted/m")
    await runtime.complete(context, model="scripted/m", system="Be silent.")
    assert [each.system_prompt for each, _ in seen] == ["Be brief.\n\nBe kind.", "Be silent."]


async def test_neighbouring_calls_of_parallel_tools_run_at_the_same_time(make_runtime, scripted):
    order = []
    both = asyncio.Barrier(2)

    async def look(at: str) -> str:
        """Look."""
        order.append(at)
        await both.wait()  # alone, none of them would get on
        return at

    async def note(text: str) -> str:
        """Note."""
        order.append(text)
        return text

    calls = [["look", {"at": "a"}], ["look", {"at": "b"}], ["note", {"text": "c"}]]
    calls += [["look", {"at": "d"}], ["look", {"at": "e"}]]
    loop = run_tools(
        make_runtime(),
        json.dumps([calls, "done"]),
        [tool_from(look, parallel=True), note],
        approve="always",
        model="scripted/m",
    )
    runs = [item async for item in loop if isinstance(item, ToolRun)]
    assert [run.result.content[0].text for run in runs] == ["a", "b", "c", "d", "e"]
    assert [order[:2], order[2], order[3:]] == [["a", "b"], "c", ["d", "e"]]
    assert [each.tool_call_id for each in loop.context.messages[2:-1]] == [
        f"c0-{number}" for number in range(5)
    ]


async def test_parallel_calls_are_all_approved_before_one_of_them_runs(make_runtime, scripted):
    steps = []

    async def look(at: str) -> str:
        """Look."""
        steps.append(f"run {at}")
        return at

    def approve(call):
        steps.append(f"approve {call.arguments['at']}")
        return call.arguments["at"] == "a"

    calls = [["look", {"at": "a"}], ["look", {"at": "b"}]]
    loop = run_tools(
        make_runtime(),
        json.dumps([calls, "done"]),
        [tool_from(look, parallel=True)],
        approve=approve,
        model="scripted/m",
    )
    runs = [item async for item in loop if isinstance(item, ToolRun)]
    assert steps == ["approve a", "approve b", "run a"]
    assert [run.approved for run in runs] == [True, False]


async def test_leaving_a_loop_ends_every_parallel_call(make_runtime, scripted):
    ended = []

    async def wait(name: str) -> str:
        """Wait."""
        try:
            await asyncio.sleep(0 if name == "first" else 600)
        finally:
            ended.append(name)
        return name

    calls = [["wait", {"name": name}] for name in ("first", "second", "third")]
    async with run_tools(
        make_runtime(),
        json.dumps([calls, "done"]),
        [tool_from(wait, parallel=True)],
        approve="always",
        model="scripted/m",
    ) as loop:
        async for item in loop:
            if isinstance(item, ToolRun):
                break
    assert sorted(ended) == ["first", "second", "third"]


def test_tools_of_one_name_are_refused(make_runtime, scripted):
    with pytest.raises(InvalidMessage, match="weather"):
        run_tools(make_runtime(), "hi", [weather, Tool("weather")], approve="always")


def test_a_function_is_described_once_and_not_kept_alive():
    def look(at: str) -> str:
        """Look."""
        return at

    first, second = read_tools([look]), read_tools([look])
    assert first[0].tool is second[0].tool
    assert first[0].function is look
    known = weakref.ref(look)
    del look, first, second
    gc.collect()
    assert known() is None
