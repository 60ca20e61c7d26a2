"""Tools of MCP servers, called by agents and tool loops."""

import asyncio
import json
import os
import subprocess
import sys
import textwrap

import pytest

from modelwire import Agent, run_tools
from modelwire.errors import Cancelled, InvalidRequest
from modelwire.messages import Image, ToolCall
from modelwire.tools import run_call
from modelwire_mcp import McpServer, McpServerError, approve_read_only
from processes import DEAF, EVERYTHING, FLOODING, running_with, wait_until_gone

pytestmark = pytest.mark.extensive("it needs a framework, which takes long to import")


async def call(server, name, arguments=None):
    tools = await server.tools()
    return await run_call(tools, ToolCall("c1", f"{server.name}__{name}", arguments or {}))


def text(result):
    return "".join(block.text for block in result.content)


@pytest.fixture
async def server(everything):
    async with McpServer(
        everything, name="all", env={"SERVICE_API_KEY": "key-of-a-service"}
    ) as made:
        yield made


async def test_an_agent_calls_the_tools_of_a_server(make_runtime, everything):
    server = McpServer(everything)
    calls = [["everything_server__add", {"a": 2, "b": 3}], ["everything_server__picture", {}]]
    async with make_runtime() as runtime:
        result = await Agent("scripted/m", tools=[server], runtime=runtime).run(json.dumps(calls))
        added, shown = (m for m in result.messages if type(m).__name__ == "ToolResultMessage")
        assert text(added) == "5"
        assert isinstance(shown.content[0], Image)
        assert shown.content[0].data.startswith(b"\x89PNG")
        pids = text(await call(server, "where")).split()[:2]
    wait_until_gone(*map(int, pids))


async def test_names_are_legal_and_kept_apart(make_runtime, everything):
    one, two = McpServer(everything, name="one"), McpServer(everything, name="two é")
    calls = [["one__files_delete_all_now", {"path": "x"}], ["two__add", {"a": 1, "b": 1}]]
    async with make_runtime() as runtime:
        loop = run_tools(
            runtime, json.dumps(calls), [one, two], approve="always", model="scripted/m"
        )
        async with loop:
            items = [item async for item in loop]
    results = [text(item.result) for item in items if type(item).__name__ == "ToolRun"]
    assert results == ["deleted x", "2"]


async def test_results_keep_their_parts(server):
    result = await call(server, "report")
    assert [block.text for block in result.content] == ["a text", "from a memo"]


async def test_a_tool_that_fails_is_an_error_of_the_call_without_secrets(server):
    result = await call(server, "fail")
    assert result.is_error
    assert "the key is <hidden>" in text(result)
    wrong = await call(server, "add", {"a": "many"})
    assert wrong.is_error


async def test_a_server_gets_no_keys_of_this_process(server, monkeypatch, tmp_path):
    monkeypatch.setenv("SERVICE_OTHER_KEY", "not-for-you")
    async with McpServer(EVERYTHING, name="here", cwd=tmp_path, env={"SERVICE_X": "1"}) as other:
        said = text(await call(other, "where")).split()
    assert said[2:] == ["SERVICE_X", str(tmp_path.resolve())]


async def test_a_server_that_ends_fails_its_call_and_is_started_again(server):
    result = await call(server, "die")
    assert result.is_error
    assert "ended during the call. It said: about to end" in text(result)
    assert text(await call(server, "add", {"a": 1, "b": 1})) == "2"


async def test_a_server_that_floods_fails_its_call():
    async with McpServer([sys.executable, FLOODING], name="all") as server:
        for _ in range(2):
            result = await call(server, "flood")
            assert result.is_error
            assert "It sent more than 16777216 bytes without an end." in text(result)


async def test_a_call_has_a_deadline_and_the_server_goes_on(everything):
    async with McpServer(everything, name="all", timeout=0.5) as slow:
        result = await call(slow, "wait", {"seconds": 60})
        assert result.is_error
        assert "no result within 0.5 seconds" in text(result)
        assert text(await call(slow, "add", {"a": 1, "b": 1})) == "2"


async def test_a_server_that_does_not_answer_is_ended(make_runtime, tmp_path):
    mark = str(tmp_path / "mark")  # by which its process is found, however far it has come
    deaf = McpServer([sys.executable, DEAF, mark], name="deaf", start_timeout=3)
    async with make_runtime() as runtime:
        with pytest.raises(McpServerError, match="'deaf': There was no answer within 3 seconds"):
            await Agent("scripted/m", tools=[deaf], runtime=runtime).run("[]")
    wait_until_gone(*running_with(mark))


@pytest.mark.parametrize(
    ("target", "found"),
    [
        (["no-such-program-1", "--x"], "There is no program 'no-such-program-1'"),
        (
            [sys.executable, "-c", "import sys; sys.exit('it needs a key')"],
            "It said: it needs a key",
        ),
        ("http://127.0.0.1:1/mcp", "cannot be reached"),
    ],
)
async def test_what_cannot_be_reached_is_named(target, found):
    async with McpServer(target, name="absent") as absent:
        with pytest.raises(McpServerError, match=r"The MCP server 'absent'") as caught:
            await absent.tools()
    assert found in str(caught.value)


async def test_cancelling_a_run_ends_the_call_and_closing_ends_the_server(make_runtime, everything):
    server = McpServer(everything, name="all")
    async with make_runtime() as runtime:
        pids = text(await call(server, "where")).split()[:2]
        loop = run_tools(
            runtime,
            '[["all__wait", {"seconds": 60}]]',
            [server],
            approve="always",
            model="scripted/m",
        )

        async def read():
            async with loop:
                async for _ in loop:
                    pass

        task = asyncio.create_task(read())
        while loop.stream is None or loop.stream.message is None:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        loop.cancel()
        with pytest.raises(Cancelled):
            await task
        assert text(await call(server, "add", {"a": 1, "b": 1})) == "2"
    wait_until_gone(*map(int, pids))


async def test_calls_at_the_same_time_do_not_mix(server):
    tools = await server.tools()
    results = await asyncio.gather(
        *(run_call(tools, ToolCall(f"c{n}", "all__add", {"a": n, "b": n})) for n in range(50))
    )
    assert [text(result) for result in results] == [str(2 * n) for n in range(50)]


async def test_a_server_over_http(http_url):
    async with McpServer(http_url, name="web", headers={"Authorization": "Bearer sk-1"}) as web:
        assert text(await call(web, "add", {"a": 2, "b": 2})) == "4"
        assert McpServer(http_url).name == "127_0_0_1"


async def test_a_server_in_this_process():
    from everything_server import server as inside

    async with McpServer(inside) as made:
        assert made.name == "everything"
        assert text(await call(made, "add", {"a": 2, "b": 2})) == "4"


async def test_pages_of_tools_are_all_listed():
    from mcp.server import Server
    from mcp_types import ListToolsResult, Tool

    async def page(_, params):
        number = int(params.cursor) if params is not None and params.cursor else 0
        tools = [Tool(name=f"t{number}", input_schema={"type": "object"})]
        return ListToolsResult(tools=tools, next_cursor=str(number + 1) if number < 4 else None)

    async with McpServer(Server("paged", on_list_tools=page)) as paged:
        assert [tool.name for tool in await paged.tools()] == [f"paged__t{n}" for n in range(5)]


async def test_what_changes_nothing_may_run_without_a_question(server):
    asked = []
    decide = approve_read_only([server], otherwise=lambda call: bool(asked.append(call.name)))
    await server.tools()
    assert await decide(ToolCall("c", "all__add", {}))
    assert not await decide(ToolCall("c", "all__files_delete_all_now", {}))
    assert asked == ["all__files_delete_all_now"]


def test_without_await_and_on_several_loops(make_runtime, everything):
    server = McpServer(everything, name="all")
    for _ in range(2):
        agent = Agent("scripted/m", tools=[server], runtime=make_runtime())
        result = agent.run_sync('[["all__add", {"a": 1, "b": 2}]]')
        assert text(result.messages[2]) == "3"
        asyncio.run(agent.aclose())


LEAVE = """
    import asyncio, os, sys
    from modelwire.messages import ToolCall
    from modelwire.tools import run_call
    from modelwire_mcp import McpServer

    async def main():
        server = McpServer(sys.argv[2:], name="all")
        result = await run_call(await server.tools(), ToolCall("c", "all__where", {}))
        print(result.content[0].text, flush=True)
        if sys.argv[1] == "exit":
            os._exit(1)
        if sys.argv[1] == "raise":
            raise SystemExit(1)
        if sys.argv[1] == "kill":
            os.kill(os.getpid(), 9)
        await asyncio.sleep(600)

    asyncio.run(main())
"""


@pytest.mark.parametrize("way", ["exit", "raise", "kill", "interrupt", "terminate"])
def test_no_way_of_leaving_leaves_a_server_behind(way):
    command = [sys.executable, "-c", textwrap.dedent(LEAVE), way, *EVERYTHING]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    pid = int(process.stdout.readline().split()[0])
    if way in ("interrupt", "terminate"):
        os.kill(process.pid, 2 if way == "interrupt" else 15)
    process.wait(30)
    process.stdout.close()
    wait_until_gone(pid)


@pytest.mark.parametrize(
    ("target", "options", "found"),
    [
        ("", {}, "server is empty"),
        (5, {}, "server is int"),
        ('say "hello', {}, "cannot be read"),
        ("http://host/mcp", {"env": {"A": "b"}}, "env is given, which is for a command"),
        ("command", {"headers": {"A": "b"}}, "headers is given, which is for a URL"),
    ],
)
def test_wrong_arguments_are_named(target, options, found):
    with pytest.raises(InvalidRequest, match=found):
        McpServer(target, **options)
