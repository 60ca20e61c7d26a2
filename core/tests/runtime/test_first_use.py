"""The first function that is a tool, and the first class that is a schema, import nothing on the event loop."""

import json
import subprocess
import sys
import textwrap

import pytest

PROGRAM = """
    import asyncio
    import json
    import sys
    from dataclasses import dataclass

    from modelwire import Context, FunctionTool, Runtime, Tool, UserMessage, run_tools
    from modelwire.config import Config
    from modelwire.registry import Registry, installed_claims
    from modelwire.testing.audit import imports

    said = json.loads(sys.argv[1])
    sys.path.insert(0, said["site"])
    SETUP

    @dataclass
    class City:
        '''A city.

        Attributes:
            name: Its name.
        '''

        name: str

    def weather(city: str) -> dict[str, str]:
        '''Forecast the weather.

        Args:
            city: The city.
        '''
        return {"sky": "sunny"}

    CALL = json.dumps([[["weather", {"city": "Bern"}]], "It is %s."])
    ANSWER = json.dumps(['{"name": "Bern"}'])
    BY_HAND = FunctionTool(Tool("weather"), weather)

    async def all_of(items):
        async with items:
            return [item async for item in items]

    async def main():
        config = Config.from_document({}, environ={})
        registry = Registry(config, installed_claims([said["site"]]))
        async with Runtime(config, registry=registry) as runtime:
            await runtime.complete('["warm"]', model="scripted/m")
            # pytest and tools of its kind may have imported it; this program has not.
            loaded = {"msgspec", "docstring_parser"} & set(sys.modules)
            with imports() as found:
                CASE
            print(json.dumps([found, sorted(loaded)]))

    asyncio.run(main())
"""
MODEL = "model='scripted/m'"
CASES = {
    "complete": f"await runtime.complete(CALL, {MODEL}, tools=[weather])",
    "stream": f"await all_of(runtime.stream(CALL, {MODEL}, tools=[weather]))",
    "a loop": f"await all_of(run_tools(runtime, CALL, [weather], approve='always', {MODEL}))",
    "a tool by hand": f"await all_of(run_tools(runtime, CALL, [BY_HAND], approve='always', {MODEL}))",
    "a schema": f"await runtime.complete(ANSWER, {MODEL}, response_schema=City)",
    "a schema in a loop": f"await all_of(run_tools(runtime, ANSWER, [], approve='never', {MODEL}, response_schema=City))",
    "dictionaries": "await runtime.complete([{'role': 'user', 'content': CALL}], model='scripted/m')",
}
AGENTS = {
    "an agent": "await Agent('scripted/m', runtime=runtime, tools=[weather]).run(CALL)",
    "an output": "await Agent('scripted/m', runtime=runtime, output=City).run(ANSWER)",
    "a session": "await Agent('scripted/m', runtime=runtime).run(ANSWER, session=said['site'] + '/a.jsonl')",
}


def imported(site, case, setup=""):
    lines = textwrap.indent(textwrap.dedent(case).strip(), " " * 12)
    source = textwrap.dedent(PROGRAM).replace("            CASE", lines, 1)
    source = source.replace("SETUP", setup, 1)
    said = json.dumps({"site": str(site.path)})
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source, said],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.parametrize("case", CASES)
def test_a_first_use_imports_nothing_on_the_event_loop(site, scripted, case):
    assert imported(site, CASES[case]) == [[], []]


@pytest.mark.parametrize("case", AGENTS)
def test_an_agent_imports_nothing_on_the_event_loop(site, scripted, case):
    found, _ = imported(site, AGENTS[case], "from modelwire import Agent")
    assert found == []


WRONG = """
    try:
        runtime.stream("x", tools=[weather], max_token=1)
    except TypeError as error:
        assert "max_tokens" in str(error)
    else:
        raise AssertionError("max_token")
    try:
        await runtime.stream("x", model="scripted/m", tools=[weather, 5]).result()
    except InvalidMessage as error:
        assert str(error).startswith("tools[1] is int"), error
    else:
        raise AssertionError("tools")
"""


def test_what_is_wrong_with_the_first_tools_is_an_error_of_the_stream(site, scripted):
    setup = "from modelwire.errors import InvalidMessage"
    # What makes the message of a programming error is imported when there is one.
    assert imported(site, WRONG, setup)[0] == ["modelwire.runtime.keywords"]
