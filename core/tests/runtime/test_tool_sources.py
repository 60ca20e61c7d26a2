"""Sources of tools: asked by each run, and closed with the runtime."""

import json

import pytest

from modelwire import Agent, run_tools, tool_from
from modelwire.errors import InvalidMessage, InvalidRequest, ProviderError
from modelwire.messages import Context, ToolResultMessage, UserMessage


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def double(a: int) -> int:
    """Double a number."""
    return 2 * a


class Source:
    """Lists tools, or fails; counts what is asked of it."""

    def __init__(self, *functions, failure=None):
        self.functions, self.failure = functions, failure
        self.asked = self.closed = 0

    async def tools(self):
        self.asked += 1
        if self.failure is not None:
            raise self.failure
        return [tool_from(function) for function in self.functions]

    async def aclose(self):
        self.closed += 1


def script(*turns):
    return Context([UserMessage(json.dumps(turns))])


async def collect(loop):
    async with loop:
        return [item async for item in loop]


async def test_the_tools_of_a_source_stand_beside_functions(scripted, make_runtime):
    source = Source(add)
    context = script([["add", {"a": 1, "b": 2}], ["double", {"a": 4}]], "done: %s")
    async with make_runtime() as runtime:
        await collect(
            run_tools(runtime, context, [source, double], approve="always", model="scripted/m")
        )
        assert source.closed == 0
    results = [m for m in context.messages if isinstance(m, ToolResultMessage)]
    assert [message.content[0].text for message in results] == ["3", "8"]
    assert (source.asked, source.closed) == (1, 1)


async def test_an_agent_asks_its_sources_in_each_run(scripted, make_runtime):
    source = Source(add)
    async with make_runtime() as runtime:
        agent = Agent("scripted/m", tools=[source, double], runtime=runtime)
        assert "Source" in repr(agent)
        for expected in (1, 2):
            await agent.run(json.dumps([[["add", {"a": 1, "b": 2}]], "sum: %s"]))
            assert source.asked == expected
        assert source.closed == 0
    assert source.closed == 1


async def test_without_await_a_source_works_too(scripted, make_runtime):
    source = Source(add)
    agent = Agent("scripted/m", tools=[source], runtime=make_runtime())
    try:
        assert agent.run_sync(json.dumps([[["add", {"a": 1, "b": 2}]], "done"])).text == "done"
    finally:
        await agent.aclose()


async def test_what_a_source_raises_ends_the_run(scripted, make_runtime):
    source = Source(failure=ProviderError("gone"))
    async with make_runtime() as runtime:
        with pytest.raises(ProviderError, match="gone"):
            await collect(
                run_tools(runtime, script("hi"), [source], approve="always", model="scripted/m")
            )
    assert source.closed == 1


async def test_two_tools_of_one_name_are_refused_when_they_are_known(scripted, make_runtime):
    async with make_runtime() as runtime:
        loop = run_tools(
            runtime, script("hi"), [Source(add), add], approve="always", model="scripted/m"
        )
        with pytest.raises(InvalidMessage, match="Several tools have the same name: add"):
            await collect(loop)


async def test_a_choice_of_a_tool_is_checked_when_the_tools_are_known(scripted, make_runtime):
    async with make_runtime() as runtime:
        agent = Agent("scripted/m", tools=[Source(add)], runtime=runtime, tool_choice="subtract")
        with pytest.raises(InvalidRequest, match="no such tool"):
            await agent.run("hi")


async def test_where_no_tool_is_run_a_source_is_refused(scripted, make_runtime):
    async with make_runtime() as runtime:
        with pytest.raises(InvalidMessage, match=r"tools\[0\] is a source of tools"):
            await runtime.complete("hi", model="scripted/m", tools=[Source(add)])


def test_the_place_of_a_wrong_tool_counts_sources():
    with pytest.raises(InvalidMessage, match=r"tools\[1\]"):
        Agent("scripted/m", tools=[Source(add), 5])
