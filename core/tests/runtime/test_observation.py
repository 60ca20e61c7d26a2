"""Middleware follows answers, tools and agents from their beginning to their end."""

import asyncio
import importlib
import json
import threading

import pytest

from modelwire import Agent, Deadlines, run_tools
from modelwire.errors import AuthenticationError, Cancelled, RequestTimeout
from modelwire.events import TextDeltaEvent
from modelwire.hookspecs import CompletionOptions
from modelwire.runtime.caller_options import NO_OPTIONS, options_of

WATCHER = """
    import contextlib, contextvars, threading
    from modelwire.hookspecs import Observer, hookimpl

    present = contextvars.ContextVar("present", default=())
    seen, threads, inside = [], [], []

    class Watcher(Observer):
        def __init__(self, kind):
            self.kind = kind

        @contextlib.contextmanager
        def entered(self):
            token = present.set((*present.get(), self.kind))
            yield
            present.reset(token)

        def failed(self, attempt):
            seen.append((self.kind, "failed", attempt.model, attempt.code))

        def ended(self, outcome):
            code = outcome.error and outcome.error.code
            seen.append((self.kind, "ended", type(outcome.message).__name__, code))

    def begin(operation):
        kind = type(operation).__name__.removesuffix("Operation")
        seen.append((kind, "began"))
        return Watcher(kind)

    @hookimpl(wrapper=True)
    def observe_operations(config):
        threads.append(threading.current_thread())
        return [*(yield), begin]

    @hookimpl(wrapper=True)
    def stream_completion():
        inside.append(present.get())
        return (yield)
"""


@pytest.fixture
def watcher(site):
    return importlib.import_module(
        site.install("watching", {"middleware": {"watching": ""}}, WATCHER)
    )


async def test_one_observer_follows_all_tries_and_fallbacks(wild, watcher, make_runtime):
    runtime = make_runtime()
    message = await runtime.complete("hi", model="wild/overloaded:2")
    assert [attempt.code for attempt in message.attempts] == ["overloaded"] * 2
    await runtime.complete("hi", model="wild/auth", fallbacks=["echo/e"])
    failed = ("Completion", "failed", "wild/overloaded:2", "overloaded")
    began, ended = ("Completion", "began"), ("Completion", "ended", "AssistantMessage", None)
    assert watcher.seen == [
        *(began, failed, failed, ended),
        *(began, ("Completion", "failed", "wild/auth", "auth"), ended),
    ]
    assert watcher.inside == [("Completion",)] * 5
    assert watcher.present.get() == ()
    assert len(watcher.threads) == 1
    assert watcher.threads[0] is not threading.current_thread()


@pytest.mark.parametrize(
    ("model", "options", "error", "code"),
    [
        ("wild/auth", {}, AuthenticationError, "auth"),
        ("wild/hangs", {"deadlines": Deadlines(total=0.2)}, RequestTimeout, "timeout"),
        ("wild/hangs", {"deadlines": Deadlines(first_event=0.2)}, None, None),
    ],
)
async def test_an_observer_gets_the_error_that_the_caller_gets(
    wild, watcher, make_runtime, model, options, error, code
):
    failure = None
    try:
        async with make_runtime().stream("hi", model=model, **options) as stream:
            async for event in stream:
                if error is None and isinstance(event, TextDeltaEvent):
                    break
    except Exception as raised:  # noqa: BLE001 - whatever the caller gets
        failure = raised
    last = watcher.seen[-1]
    assert last == ("Completion", "ended", "NoneType", getattr(failure, "code", None))
    if code is not None:
        assert last[-1] == code


async def test_cancelling_and_leaving_end_the_observation_once(wild, watcher, make_runtime):
    runtime = make_runtime()
    stream = runtime.stream("hi", model="wild/hangs")
    with pytest.raises(Cancelled):
        async for event in stream:
            if isinstance(event, TextDeltaEvent):
                assert watcher.present.get() == ()  # the caller has control
                stream.cancel()
    task = asyncio.create_task(runtime.complete("hi", model="wild/hangs"))
    while not any(call == "began" for _, call, *_ in watcher.seen[2:]):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [each for each in watcher.seen if each[1] == "ended"] == [
        ("Completion", "ended", "NoneType", "cancelled"),
        ("Completion", "ended", "NoneType", None),
    ]


async def test_tools_and_answers_of_an_agent_run_inside_it(scripted, watcher, make_runtime):
    places = []

    def add(a: int, b: int) -> int:
        """Add two numbers."""
        places.append(watcher.present.get())
        return a + b

    prompt = json.dumps([["add", {"a": 1, "b": 2}]]), "sum: %s"
    agent = Agent("scripted/m", tools=[add], runtime=make_runtime())
    async with agent.stream(json.dumps([json.loads(prompt[0]), prompt[1]])) as stream:
        async for _ in stream:
            assert watcher.present.get() == ()
    assert places == [("Agent", "Tool")]
    assert watcher.inside == [("Agent", "Completion")] * 2
    assert [each for each in watcher.seen if each[0] != "Completion"] == [
        ("Agent", "began"),
        ("Tool", "began"),
        ("Tool", "ended", "ToolResultMessage", None),
        ("Agent", "ended", "AssistantMessage", None),
    ]


async def test_a_declined_call_is_no_run_of_a_tool(scripted, watcher, make_runtime):
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    turns = json.dumps([[["add", {"a": 1, "b": 2}]], "done"])
    async with run_tools(make_runtime(), turns, [add], approve="never", model="scripted/m") as loop:
        async for _ in loop:
            pass
    assert {kind for kind, *_ in watcher.seen} == {"Completion"}


BROKEN = {
    "hook": "raise KeyError('sk-secret')",
    "begin": "return [*(yield), lambda operation: 1 / 0]",
    "methods": "return [*(yield), lambda operation: Broken()]",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
async def test_an_observer_that_fails_breaks_no_answer(site, make_runtime, caplog, body):
    site.provider("echo")
    source = f"""
    from modelwire.hookspecs import Observer, hookimpl

    class Broken(Observer):
        def entered(self):
            raise KeyError("sk-secret")

    @hookimpl(wrapper=True)
    def observe_operations(config):
        {body}
        yield
    """
    site.install("shaky", {"middleware": {"shaky": ""}}, source)
    runtime = make_runtime()
    for _ in range(2):
        assert (await runtime.complete("hi", model="echo/e")).text
    assert "failed while it watched an operation" in caplog.text
    assert "sk-secret" not in caplog.text


async def test_an_observer_that_does_not_care_costs_nothing(site, make_runtime):
    site.provider("echo")
    source = """
    from modelwire.hookspecs import hookimpl

    @hookimpl(wrapper=True)
    def observe_operations(config):
        return [*(yield), lambda operation: None]
    """
    site.install("absent", {"middleware": {"absent": ""}}, source)
    assert (await make_runtime().complete("hi", model="echo/e")).text


TAMPERER = """
    from modelwire.hookspecs import hookimpl

    options = []

    def begin(operation):
        options.append(operation.options)
        operation.options.params["left"] = "behind"

    @hookimpl(wrapper=True)
    def observe_operations():
        return [*(yield), begin]
"""


async def test_what_an_observer_does_to_options_stays_with_one_call(site, wild, make_runtime):
    tamperer = importlib.import_module(
        site.install("tampering", {"middleware": {"tampering": ""}}, TAMPERER)
    )
    runtime = make_runtime()
    for _ in range(2):
        await runtime.complete("hi", model="echo/e")
    await runtime.complete("hi", model="echo/e", max_tokens=5)
    one, two, three = tamperer.options
    assert one is not two
    assert one.params is not three.params
    options = NO_OPTIONS
    assert options == CompletionOptions()
    assert options_of(options, {"max_tokens": 5}, Agent).params is not options.params
