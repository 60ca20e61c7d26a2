"""What makes modelwire fast, counted in what is the same on every machine: calls, blocks, modules.

Times are for `make bench`; this notices when somebody adds work to each event, each request or each
start. A limit is what was counted when it was written, and a little more.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import burst_reader
import pytest
from burst_reader import APIS, answering, read, runtime_for

from modelwire.messages import (
    AssistantMessage,
    Context,
    Text,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)

# It takes long, so it begins early where processes share the tests.
pytestmark = pytest.mark.timeout(120)

FEW, MANY = 1000, 3000
CALLS = {"openai-responses": 6.7, "openai-completions": 4.7, "anthropic-messages": 3.6}
"""The most calls of modelwire's own functions per event."""
ALONE = 32
"""The most of them for an event of Converse that comes alone, so that each layer wakes up for it."""
MOST_OF_TURN = 65
"""The most of them for a turn that is already in the history of a tool loop: a call and its result."""
HEAVY = (
    "aiohttp",
    "asyncio",
    "boto3",
    "botocore",
    "cattrs",
    "json5",
    "msgspec",
    "prompt_toolkit",
    "rich",
)


class Calls:
    """Counts the calls that happen in this thread while it is entered.

    Attributes:
        own: Calls of modelwire's own functions, those that attrs made for it included. Not the one for
            bytes that arrive: it is called unless they came with the head, which depends on the machine.
        others: Calls of all other Python functions.
        builtin: Calls of functions written in C, by their qualified name.
    """

    def __init__(self):
        self.own = Counter()
        self.others = Counter()
        self.builtin = Counter()

    def __enter__(self):
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)

    def _note(self, frame, event, arg):
        if event == "call":
            code = frame.f_code
            own = "modelwire" in code.co_filename and code.co_qualname != "BodyReader.feed_data"
            counter = self.own if own else self.others
            counter[f"{Path(code.co_filename).name}:{code.co_qualname}"] += 1
        elif event == "c_call":
            owner = getattr(arg, "__self__", None)
            self.builtin[f"{type(owner).__name__}.{arg.__name__}"] += 1


async def counted(events, folder, api=None, **options):
    """Count what a warm answer of so many events takes, over Converse or another API of Bedrock."""
    provider = None if api is None else {"api": api}
    with answering(events, "burst" if api is None else "apis") as url:
        async with runtime_for(url, folder, provider) as runtime:
            model = APIS.get(api, burst_reader.MODEL)
            await read(runtime, model)
            with Calls() as calls:
                assert await read(runtime, model, **options) == events
    return calls


@pytest.fixture(scope="module")
def few_and_many(tmp_path_factory):
    folder = tmp_path_factory.mktemp("guard")
    return tuple(asyncio.run(counted(events, folder)) for events in (FEW, MANY))


def test_an_event_costs_few_function_calls(few_and_many):
    few, many = few_and_many
    per_event = (many.own.total() - few.own.total()) / (MANY - FEW)
    spent = ", ".join(f"{name} {times / MANY:.1f}" for name, times in many.own.most_common(12))
    assert per_event < 4.3, f"{per_event:.1f} calls per event: {spent}"


async def test_an_answer_that_is_awaited_is_not_handed_out_event_by_event(tmp_path):
    with answering(200) as url:
        async with runtime_for(url, tmp_path) as runtime:
            await read(runtime)
            with Calls() as calls:
                message = await runtime.complete("Hello", model=burst_reader.MODEL)
    assert message.text.count("word") == 200
    assert calls.own["stream.py:_events"] < 20


async def test_an_event_that_comes_alone_costs_few_function_calls(tmp_path):
    # Some of them may come together, which costs less.
    with answering(100, "paced", seconds=0.02) as url:
        async with runtime_for(url, tmp_path) as runtime:
            counts = []
            for _ in range(3):  # the first two answers are short
                with Calls() as calls:
                    pieces = await read(runtime)
                counts.append((pieces, calls.own))
    (_, _), (few, short), (many, long) = counts
    assert (few, many) == (10, 100)
    per_event = (long.total() - short.total()) / (many - few)
    spent = ", ".join(f"{name} {times / many:.1f}" for name, times in long.most_common(40))
    assert per_event < ALONE, f"{per_event:.1f} calls per event: {spent}"


@pytest.mark.parametrize("api", APIS)
async def test_an_event_of_another_api_costs_few_function_calls(api, tmp_path):
    few, many = [await counted(events, tmp_path, api) for events in (FEW, MANY)]
    per_event = (many.own.total() - few.own.total()) / (MANY - FEW)
    spent = ", ".join(f"{name} {times / MANY:.1f}" for name, times in many.own.most_common(20))
    assert per_event < CALLS[api], f"{per_event:.1f} calls per event: {spent}"


@pytest.mark.parametrize("api", APIS)
async def test_a_warm_request_of_another_api_is_signed_with_the_key_of_the_day(api, tmp_path):
    calls = await counted(1, tmp_path, api)
    assert calls.builtin["socket.send"] == 1, "head and body go out at once"
    assert not any(name.startswith("awsrequest.py") for name in calls.others)
    assert calls.own["sigv4.py:_hmac"] == 1, "the key of the day is kept"


async def calls_of_loop(turns, tools, folder):
    """The calls of modelwire's own functions for the next answer in a tool loop of so many turns."""
    messages = [UserMessage("Do it all.")]
    for turn in range(turns):
        call = ToolCall(f"call_{turn}", "tool_0", {"path": "a.py", "line": turn})
        said = [Text("I look at it."), call]
        messages.append(AssistantMessage(said, "amazon-bedrock", burst_reader.MODEL[15:]))
        messages.append(ToolResultMessage(call.id, call.name, "It is long. " * 20))
    schema = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
    offered = [Tool(f"tool_{number}", "Reads.", schema) for number in range(tools)]
    context = Context(messages, "Be brief.", offered)
    with answering(5) as url:
        async with runtime_for(url, folder) as runtime:
            for _ in range(2):
                await read(runtime, prompt=context)
            with Calls() as calls:
                await read(runtime, prompt=context)
    return calls.own


async def test_a_turn_of_a_tool_loop_costs_few_function_calls(tmp_path):
    few, many = [await calls_of_loop(turns, 1, tmp_path) for turns in (10, 40)]
    per_turn = (many.total() - few.total()) / 30
    spent = ", ".join(f"{name} {times / 40:.1f}" for name, times in many.most_common(30))
    assert per_turn < MOST_OF_TURN, f"{per_turn:.1f} calls per turn: {spent}"


async def test_the_schema_of_a_tool_is_not_looked_through_with_each_turn(tmp_path):
    few, many = [await calls_of_loop(2, tools, tmp_path) for tools in (5, 25)]
    for name in ("limits.py:not_json", "text.py:_clean"):
        assert many[name] == few[name], f"{name} {few[name]} and {many[name]} times"


@pytest.mark.parametrize(
    "call",
    [
        "client_proto.py:ResponseHandler.resume_reading",
        "streams.py:StreamReader._read_nowait_chunk",
    ],
)
def test_aiohttp_is_not_called_for_each_event(few_and_many, call):
    few, many = (calls.others[call] for calls in few_and_many)
    assert (many - few) / (MANY - FEW) < 0.05


def test_an_event_makes_no_task_and_sets_no_timer(few_and_many):
    few, many = few_and_many
    for name in ("_call_soon", "call_at", "create_task"):
        times = [
            sum(calls.others[f"base_events.py:BaseEventLoop.{name}"] for calls in counted)
            for counted in ([few], [many])
        ]
        assert times[1] < times[0] + 50, f"{name} was called {times} times"


def test_a_warm_request_takes_few_system_calls(few_and_many):
    few, _ = few_and_many
    calls = {name: times for name, times in few.builtin.items() if name.startswith("socket.")}
    assert calls.get("socket.connect", 0) == 0, "a kept connection is used again"
    assert calls["socket.send"] == 1, "head and body go out at once"
    # Some 200 KB come, however the system hands them over.
    assert calls["socket.recv"] < 40
    assert few.builtin["epoll.register"] + few.builtin["epoll.modify"] < 20


@pytest.mark.extensive("it reads a stream of many thousands of events in programs of its own")
def test_an_event_leaves_behind_its_text_and_nothing_else():
    command = [sys.executable, burst_reader.__file__, "30000"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    blocks = json.loads(done.stdout)
    assert blocks["kept"] < 1.5, f"{blocks['kept']:.2f} blocks of memory per event"
    assert blocks["dropped"] < 0.1, f"{blocks['dropped']:.2f} blocks of memory per event"


@pytest.mark.parametrize(
    ("code", "most"),
    [
        ("import modelwire", 40),
        ("sys.argv[1:] = ['--help']; from modelwire.cli.app import main; main()", 125),
        ("sys.argv[1:] = ['models', 'list']; from modelwire.cli.app import main; main()", 312),
    ],
    ids=["import", "help", "list"],
)
def test_what_starts_often_imports_little(code, most, tmp_path):
    told = (
        f"import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); {code}"
    )
    environ = {
        **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
        "HOME": str(tmp_path),
        "MODELWIRE_CACHE_DIR": str(tmp_path / "cache"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def modules():
        done = subprocess.run(
            [sys.executable, "-c", told], env=environ, capture_output=True, text=True, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        return set(done.stderr.split())

    bare = set(
        subprocess.run(
            [sys.executable, "-c", "import sys; print(*sys.modules)"],
            env=environ,
            capture_output=True,
            text=True,
        ).stdout.split()
    )
    modules()  # the first list is not from a cache
    loaded = modules() - bare
    assert {name for name in loaded if name in HEAVY} == set()
    assert len(loaded) <= most, f"{len(loaded)} modules"
