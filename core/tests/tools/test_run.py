"""Running what a model calls: checked arguments, results that a model can read, no surprises."""

import asyncio
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from modelwire.messages import Image, Text, Tool, ToolCall
from modelwire.tools import FunctionTool, run_call, tool_from


async def run(function, **arguments):
    call = ToolCall("c1", function.__name__, arguments)
    return await run_call([tool_from(function)], call)


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ("text", [Text("text")]),
        (None, [Text("null")]),
        ({"grün": [1, 2.5, True]}, [Text('{"grün": [1, 2.5, true]}')]),
        ({1: Path("a")}, [Text('{"1": "a"}')]),
        (Image(b"x", "image/png"), [Image(b"x", "image/png")]),
        (["see", Image(b"x", "image/png")], [Text("see"), Image(b"x", "image/png")]),
        (["a", "b"], [Text('["a", "b"]')]),
        ([Text("a"), Text("b")], [Text("a"), Text("b")]),
    ],
)
async def test_what_a_function_returns_is_said_to_the_model(value, content):
    def tool() -> Any:
        return value

    result = await run(tool)
    assert (result.tool_call_id, result.tool_name, result.is_error) == ("c1", "tool", False)
    assert result.content == content


async def test_arguments_arrive_as_what_the_hints_say():
    @dataclass
    class Point:
        x: int
        y: int = 7

    seen = []

    def tool(point: Point, path: Path, ratio: float, count: int = 3):
        seen.append((point, path, ratio, count))

    result = await run(tool, point={"x": 1}, path="a/b", ratio=2, count=4.0)
    assert not result.is_error
    assert seen == [(Point(1), Path("a/b"), 2.0, 4)]
    await run(tool, point={"x": 1}, path="a/b", ratio=2)
    assert seen[-1][-1] == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "missing required field `a`"),
        ({"a": "5"}, "Expected `int`, got `str` - at `$.a`"),
        ({"a": True}, "Expected `int`, got `bool` - at `$.a`"),
        ({"a": 1.5}, "Expected `int`, got `float` - at `$.a`"),
        ({"a": 1, "b": 2}, "unknown field `b`"),
    ],
)
async def test_wrong_arguments_are_an_error_for_the_model_and_nothing_runs(arguments, said):
    ran = []

    def tool(a: int):
        ran.append(a)

    result = await run(tool, **arguments)
    assert result.is_error
    assert said in result.content[0].text
    assert ran == []


async def test_a_tool_that_there_is_not_is_an_error_that_names_those_there_are():
    def here():
        pass

    result = await run_call([tool_from(here)], ToolCall("c1", "there", {}))
    assert result.is_error
    assert result.content == [Text("There is no tool 'there'. The tools are: here.")]


async def test_an_exception_is_an_error_for_the_model_with_its_place_for_people():
    def tool():
        raise LookupError("no such city")

    result = await run(tool)
    assert result.is_error
    assert result.content == [Text("LookupError: no such city")]
    place = result.details["raisedAt"]
    assert place.startswith("test_run.py:")
    assert place.endswith(" in tool")


async def test_leaving_the_program_is_no_way_out_of_a_tool():
    def tool():
        sys.exit("enough")

    assert (await run(tool)).content == [Text("SystemExit: enough")]


async def test_secrets_are_hidden_in_what_an_exception_says(monkeypatch):
    monkeypatch.setenv("WEATHER_API_KEY", "k-1234567890")

    def tool():
        raise ValueError("GET https://me:pw@host/?key=k-1234567890 failed")

    text = (await run(tool)).content[0].text
    assert text == "ValueError: GET https://<hidden>@host/?key=<hidden> failed"


async def test_a_coroutine_function_runs_on_the_loop_and_others_do_not_block_it():
    async def on_loop() -> str:
        return threading.current_thread().name

    go = threading.Event()

    def beside() -> str:
        assert go.wait(60)  # only the loop can set it
        return threading.current_thread().name

    assert (await run(on_loop)).content == [Text(threading.main_thread().name)]
    waiting = asyncio.create_task(run(beside))
    await asyncio.sleep(0)
    go.set()
    assert (await waiting).content != [Text(threading.main_thread().name)]


async def test_cancelling_reaches_a_coroutine_function():
    began, ended = asyncio.Event(), []

    async def tool():
        began.set()
        try:
            await asyncio.sleep(600)
        finally:
            ended.append(True)

    task = asyncio.create_task(run(tool))
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True]


async def test_a_tool_that_cancels_itself_is_an_error_for_the_model():
    async def tool():
        raise asyncio.CancelledError

    assert (await run(tool)).content == [Text("CancelledError")]


def test_the_program_does_not_wait_for_the_thread_of_a_cancelled_tool():
    code = """
import asyncio, threading, time
from modelwire.messages import ToolCall
from modelwire.tools import run_call, tool_from
began = threading.Event()
def tool():
    began.set()
    time.sleep(600)
async def main():
    task = asyncio.create_task(run_call([tool_from(tool)], ToolCall("c", "tool", {})))
    await asyncio.sleep(0)
    await asyncio.to_thread(began.wait)
    task.cancel()
asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


async def test_a_tool_with_a_schema_of_its_own_gets_the_arguments_as_they_are():
    tool = FunctionTool(Tool("echo"), lambda **said: said)
    result = await run_call([tool], ToolCall("c", "echo", {"a": [1]}))
    assert result.content == [Text('{"a": [1]}')]


async def test_a_function_that_is_hardly_a_function_still_gives_an_answer():
    def tool():
        raise StopIteration(time.struct_time)

    assert (await run(tool)).is_error
