"""Asking until no tool is called any more."""

import asyncio
import importlib
import json
import threading

import pytest

from modelwire import CompletionOptions, ToolChoice, ToolRun, run_tools, tool_from
from modelwire.errors import Cancelled, InvalidMessage, ToolTurnsExceeded
from modelwire.events import DoneEvent, TextDeltaEvent
from modelwire.messages import (
    AssistantMessage,
    Context,
    StopReason,
    Text,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def yes(call):
    return True


def script(*turns):
    return Context([UserMessage(json.dumps(turns))])


@pytest.fixture
def ask(scripted, make_runtime):
    def ask(context, *functions, approve=yes, model="scripted/m", **options):
        tools = [tool_from(function) for function in functions]
        return run_tools(make_runtime(), context, tools, approve=approve, model=model, **options)

    return ask


async def collect(loop):
    async with loop:
        return [item async for item in loop]


def roles(context):
    kinds = {UserMessage: "user", AssistantMessage: "assistant", ToolResultMessage: "result"}
    return [kinds[type(message)] for message in context.messages]


async def test_results_go_back_until_the_model_is_done(ask):
    context = script([["add", {"a": 1, "b": 2}], ["add", {"a": 3, "b": 4}]], "sums: %s")
    items = await collect(ask(context, add))
    runs = [item for item in items if isinstance(item, ToolRun)]
    assert [(run.call.id, run.result.content[0].text, run.approved) for run in runs] == [
        ("c0-0", "3", True),
        ("c0-1", "7", True),
    ]
    assert roles(context) == ["user", "assistant", "result", "result", "assistant"]
    assert context.messages[-1].text == "sums: 3; 7"
    assert sum(isinstance(item, DoneEvent) for item in items) == 2


async def test_the_model_is_offered_the_functions_and_the_tools_of_the_context(ask, scripted):
    context = script("done")
    context.tools.append(Tool("theirs"))
    await collect(ask(context, add))
    offered, _ = importlib.import_module(scripted).seen[0]
    assert [tool.name for tool in offered.tools] == ["theirs", "add"]
    assert [tool.name for tool in context.tools] == ["theirs"]


async def test_an_answer_is_in_the_context_when_its_end_is_reported(ask):
    context = script("done")
    async with ask(context, add) as loop:
        async for event in loop:
            if isinstance(event, DoneEvent):
                assert context.messages[-1] is event.message


@pytest.mark.parametrize("slow", [False, True])
async def test_a_call_that_is_declined_runs_nothing_and_the_model_learns_of_it(ask, slow):
    ran = []

    def wipe(path: str):
        ran.append(path)

    def at_once(call):
        return False

    async def later(call):
        await asyncio.sleep(0)
        return False

    context = script([["wipe", {"path": "/"}]], "it said: %s")
    items = await collect(ask(context, wipe, approve=later if slow else at_once))
    (run,) = [item for item in items if isinstance(item, ToolRun)]
    assert (run.approved, run.result.is_error, ran) == (False, True, [])
    assert context.messages[-1].text.startswith("it said: The user declined")


async def test_no_approval_is_asked_for_a_tool_that_does_not_exist(ask):
    asked = []
    context = script([["sub", {}]], "it said: %s")
    await collect(ask(context, add, approve=asked.append))
    assert asked == []
    assert "There is no tool 'sub'. The tools are: add." in context.messages[-1].text


async def test_a_tool_of_the_context_is_left_to_the_caller(ask):
    context = script([["theirs", {}], ["add", {"a": 1, "b": 1}]], "%s")
    context.tools.append(Tool("theirs"))
    await collect(ask(context, add))
    assert roles(context) == ["user", "assistant", "result"]
    context.messages.append(ToolResultMessage("c0-0", "theirs", "mine"))
    await collect(ask(context, add))
    assert context.messages[-1].text == "2; mine"


async def test_calls_that_were_left_open_are_run_first(ask):
    context = script("", "%s")
    calls = [ToolCall("x", "add", {"a": 1, "b": 1}), ToolCall("y", "add", {"a": 2, "b": 2})]
    context.messages.append(AssistantMessage(calls, "scripted", "m"))
    context.messages.append(ToolResultMessage("x", "add", "2"))
    await collect(ask(context, add))
    assert context.messages[-1].text == "2; 4"


async def test_calls_of_an_answer_that_failed_are_not_run(ask):
    ran = []
    context = script("hi", "hi")
    failed = AssistantMessage([ToolCall("x", "add", {"a": 1, "b": 1})], "scripted", "m")
    failed.stop_reason = StopReason.ABORTED
    context.messages.append(failed)
    await collect(ask(context, add, approve=ran.append))
    assert ran == []


async def test_the_number_of_turns_is_limited(ask):
    context = script([["add", {"a": 1, "b": 2}]])
    with pytest.raises(ToolTurnsExceeded, match="after 3 turns") as caught:
        await collect(ask(context, add, max_turns=3))
    assert caught.value.code == "tool_turns"
    assert roles(context) == ["user", *["assistant", "result"] * 2, "assistant"]


@pytest.mark.parametrize(
    "demand",
    [
        {"tool_choice": ToolChoice("any")},
        {"options": CompletionOptions(max_tokens=5, tool_choice=ToolChoice("tool", "add"))},
    ],
)
async def test_a_call_is_demanded_once_or_the_model_could_never_end(ask, scripted, demand):
    await collect(ask(script([["add", {"a": 1, "b": 2}]], "end"), add, **demand))
    first, second = [options for _, options in importlib.import_module(scripted).seen]
    assert first.tool_choice is not None
    assert second.tool_choice is None
    assert first.max_tokens == second.max_tokens


async def test_two_tools_of_one_name_are_refused(ask):
    context = script("hi")
    context.tools.append(Tool("add"))
    with pytest.raises(InvalidMessage, match="the same name: add"):
        ask(context, add)


@pytest.mark.parametrize("how", ["coroutine", "thread", "question"])
async def test_cancel_ends_the_wait_for_a_tool_or_for_leave_to_run_it(ask, how):
    loop, began, go = asyncio.get_running_loop(), asyncio.Event(), threading.Event()

    async def coroutine() -> str:
        began.set()
        await asyncio.sleep(600)

    def thread() -> str:
        loop.call_soon_threadsafe(began.set)
        go.wait(600)

    async def approve(call):
        if how == "question":
            await coroutine()
        return True

    function = thread if how == "thread" else coroutine
    context = script([[function.__name__, {}]], "never")
    asking = ask(context, function, approve=approve)
    task = asyncio.create_task(collect(asking))
    await asyncio.wait_for(began.wait(), 30)
    asking.cancel()
    with pytest.raises(Cancelled):
        await task
    go.set()
    assert roles(context) == ["user", "assistant"]


@pytest.mark.parametrize("waits", [False, True])
async def test_who_is_asked_for_leave_may_cancel_without_leaving_a_trace(ask, waits):
    async def approve(call):
        asking.cancel()
        if waits:
            await asyncio.sleep(600)
        return True

    context = script([["add", {"a": 1, "b": 2}]], "never")
    asking = ask(context, add, approve=approve)
    with pytest.raises(Cancelled):
        await collect(asking)
    await asyncio.sleep(0)
    assert asyncio.current_task().cancelling() == 0
    assert roles(context) == ["user", "assistant"]


async def test_cancel_while_an_answer_arrives_keeps_what_arrived(ask):
    context = script([["add", {"a": 1, "b": 2}]], "so far")
    loop = ask(context, add, model="scripted/hangs")
    with pytest.raises(Cancelled) as caught:
        async with loop:
            async for event in loop:
                if isinstance(event, TextDeltaEvent):
                    loop.cancel()
    assert caught.value.partial.content == [Text("so far")]
    assert roles(context) == ["user", "assistant", "result"]


async def test_cancel_between_a_tool_and_the_next_answer_sends_nothing_more(ask, scripted):
    loop = ask(script([["add", {"a": 1, "b": 2}]], "never"), add)
    with pytest.raises(Cancelled):
        async with loop:
            async for item in loop:
                if isinstance(item, ToolRun):
                    loop.cancel()
    assert len(importlib.import_module(scripted).seen) == 1


async def test_cancelling_the_task_stops_the_tool(ask):
    began, ended = asyncio.Event(), []

    async def slow() -> str:
        began.set()
        try:
            await asyncio.sleep(600)
        finally:
            ended.append(True)

    task = asyncio.create_task(collect(ask(script([["slow", {}]], "never"), slow)))
    await asyncio.wait_for(began.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]
