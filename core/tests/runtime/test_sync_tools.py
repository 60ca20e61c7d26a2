"""The tool loop without an event loop."""

import importlib
import json
import threading

import pytest

from modelwire import Context, SyncRuntime, ToolRun, UserMessage, run_tools, tool_from
from modelwire.errors import Cancelled, InvalidMessage, ToolTurnsExceeded
from modelwire.events import DoneEvent, TextDeltaEvent
from modelwire.messages import AssistantMessage, Text, Tool, ToolResultMessage


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def yes(call):
    return True


ADD = ["add", {"a": 1, "b": 2}]


def script(*turns):
    return Context([UserMessage(json.dumps(turns))])


def roles(context):
    kinds = {UserMessage: "user", AssistantMessage: "assistant", ToolResultMessage: "result"}
    return [kinds[type(message)] for message in context.messages]


@pytest.fixture
def runtime(scripted, make_runtime):
    with SyncRuntime(make_runtime()) as runtime:
        yield runtime


@pytest.fixture
def ask(runtime):
    def ask(context, *functions, approve=yes, model="scripted/m", **options):
        tools = [tool_from(function) for function in functions]
        return run_tools(runtime, context, tools, approve=approve, model=model, **options)

    return ask


def test_results_go_back_until_the_model_is_done(ask):
    context = script([ADD, ["add", {"a": 3, "b": 4}]], "sums: %s")
    items = list(ask(context, add))
    runs = [item for item in items if isinstance(item, ToolRun)]
    assert [(run.call.id, run.result.content[0].text, run.approved) for run in runs] == [
        ("c0-0", "3", True),
        ("c0-1", "7", True),
    ]
    assert roles(context) == ["user", "assistant", "result", "result", "assistant"]
    assert context.messages[-1].text == "sums: 3; 7"
    assert sum(isinstance(item, DoneEvent) for item in items) == 2


def test_approval_is_given_in_the_thread_that_iterates_after_the_events_before_it(ask):
    seen = []

    def approve(call):
        seen.append((call.name, threading.current_thread()))
        return False

    ran = []

    def wipe(path: str):
        ran.append(path)

    context = script([["wipe", {"path": "/"}]], "it said: %s")
    for item in ask(context, wipe, approve=approve):
        seen.append(type(item).__name__)
    place = seen.index(("wipe", threading.current_thread()))
    assert seen[place - 1 : place + 2] == ["DoneEvent", seen[place], "ToolRun"]
    assert ran == []
    assert context.messages[-1].text.startswith("it said: The user declined")


def test_a_coroutine_function_may_approve(ask):
    async def approve(call):
        return call.name == "add"

    context = script([ADD], "%s")
    list(ask(context, add, approve=approve))
    assert context.messages[-1].text == "3"


def test_a_coroutine_function_may_be_a_tool(ask):
    async def double(a: int) -> int:
        return 2 * a

    context = script([["double", {"a": 4}]], "%s")
    list(ask(context, double))
    assert context.messages[-1].text == "8"


def test_a_tool_and_an_approval_may_use_the_same_runtime(ask, runtime):
    def another(prompt: str) -> str:
        return runtime.complete(json.dumps([prompt]), model="scripted/m").text

    def approve(call):
        return runtime.complete(json.dumps(["yes"]), model="scripted/m").text == "yes"

    context = script([["another", {"prompt": "inner"}]], "outer and %s")
    list(ask(context, another, approve=approve))
    assert context.messages[-1].text == "outer and inner"


@pytest.mark.parametrize("failure", [LookupError("no terminal"), StopIteration("odd")])
def test_an_approval_that_fails_ends_the_iteration(ask, failure):
    def approve(call):
        raise failure

    context = script([ADD], "never")
    with pytest.raises((LookupError, RuntimeError), match=str(failure)):
        list(ask(context, add, approve=approve))
    assert roles(context) == ["user", "assistant"]


def test_after_an_interrupt_the_approval_is_asked_for_again(ask):
    asked = []

    def approve(call):
        asked.append(call)
        if len(asked) == 1:
            raise KeyboardInterrupt
        return True

    context = script([ADD], "%s")
    with ask(context, add, approve=approve) as loop:
        with pytest.raises(KeyboardInterrupt):
            list(loop)
        assert roles(context) == ["user", "assistant"]
        list(loop)
    assert asked[0] is asked[1]
    assert context.messages[-1].text == "3"


@pytest.mark.parametrize("ahead", ["tool", "answer"])
def test_nothing_is_run_or_asked_ahead_of_the_iteration(ask, runtime, scripted, ahead):
    ran = []

    def note(text: str) -> str:
        ran.append(text)
        return text

    last = DoneEvent if ahead == "tool" else ToolRun
    context = script([["note", {"text": "x"}]], "%s")
    with ask(context, note) as loop:
        for item in loop:
            if isinstance(item, last):
                break
        # Whatever the loop's thread had begun would be done before this.
        runtime.complete(json.dumps(["hi"]), model="scripted/m")
        asked = [each for each, _ in importlib.import_module(scripted).seen if each.tools]
        assert (len(asked), ran) == (1, [] if ahead == "tool" else ["x"])
    assert roles(context) == ["user", "assistant", *(["result"] if ahead == "answer" else [])]
    list(ask(context, note))
    assert context.messages[-1].text == "x"
    assert ran == ["x"]


def test_a_loop_can_be_iterated_in_parts(ask):
    context = script([ADD], "%s")
    with ask(context, add) as loop:
        while not isinstance(next(loop), DoneEvent):
            pass
        assert loop.stream.message is context.messages[-1]
        assert loop.stream.model.id == "m"
        rest = list(loop)
    assert isinstance(rest[0], ToolRun)
    assert isinstance(rest[-1], DoneEvent)
    assert list(loop) == []


def test_the_number_of_turns_is_limited(ask):
    with pytest.raises(ToolTurnsExceeded, match="after 3 turns"):
        list(ask(script([ADD]), add, max_turns=3))


def test_two_tools_of_one_name_are_refused(ask):
    context = script("hi")
    context.tools.append(Tool("add"))
    with pytest.raises(InvalidMessage, match="the same name: add"):
        ask(context, add)


def test_cancel_while_an_answer_arrives_keeps_what_arrived(ask):
    context = script([ADD], "so far")
    loop = ask(context, add, model="scripted/hangs")
    with pytest.raises(Cancelled) as caught:
        for event in loop:
            if isinstance(event, TextDeltaEvent):
                loop.cancel()
    assert caught.value.partial.content == [Text("so far")]
    assert roles(context) == ["user", "assistant", "result"]


def test_cancel_between_a_tool_and_the_next_answer_sends_nothing_more(ask, scripted):
    loop = ask(script([ADD], "never"), add)
    with pytest.raises(Cancelled):
        for item in loop:
            if isinstance(item, ToolRun):
                loop.cancel()
    assert len(importlib.import_module(scripted).seen) == 1


@pytest.mark.parametrize("where", ["tool", "approval"])
def test_cancel_from_another_thread_ends_the_wait(ask, where):
    began, go = threading.Event(), threading.Event()

    def block() -> str:
        began.set()
        go.wait(60)
        return "too late"

    context = script([["block", {}]], "never")
    loop = ask(context, block, approve=lambda _: block() if where == "approval" else True)

    def stop():
        began.wait(60)
        loop.cancel()
        if where == "approval":  # it is the caller's own code, which only it can end
            go.set()

    stopping = threading.Thread(target=stop)
    stopping.start()
    with pytest.raises(Cancelled):
        list(loop)
    go.set()
    stopping.join()
    assert roles(context) == ["user", "assistant"]


def test_a_loop_that_is_cancelled_asks_for_no_approval_any_more(ask, runtime):
    asked = []

    def approve(call):
        asked.append(call)
        raise KeyboardInterrupt

    loop = ask(script([ADD], "never"), add, approve=approve)
    with pytest.raises(KeyboardInterrupt):
        list(loop)
    loop.cancel()
    runtime.complete(json.dumps(["hi"]), model="scripted/m")  # the loop's thread has seen it
    with pytest.raises(Cancelled):
        list(loop)
    assert len(asked) == 1


def test_closing_does_not_wait_for_a_tool_in_a_thread(ask, runtime):
    began, go = threading.Event(), threading.Event()

    def block() -> str:
        began.set()
        go.wait(60)
        return "too late"

    context = script([["block", {}]], "never")
    loop = ask(context, block)
    ended = []

    def read():
        try:
            list(loop)
        except Cancelled:
            ended.append(True)

    reading = threading.Thread(target=read)
    reading.start()
    began.wait(60)
    loop.close()
    reading.join(60)
    assert ended == [True]
    go.set()
    assert roles(context) == ["user", "assistant"]
    assert runtime.complete(json.dumps(["fine"]), model="scripted/m").text == "fine"


def test_a_runtime_that_closes_ends_its_loops(ask, runtime):
    loop = ask(script("so far"), add, model="scripted/hangs")
    next(loop)
    runtime.close()
    with pytest.raises(Cancelled, match="closed"):
        list(loop)
