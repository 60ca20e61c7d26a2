"""Recordings of Amazon Bedrock: binary streams, token counts, tool loops and agents, sync and async."""

import asyncio
import json

import pytest

from modelwire import Agent, Runtime, SyncRuntime
from modelwire.errors import InvalidRequest
from modelwire_bedrock.emulator import Fault, Text, Thinking, ToolUse
from modelwire_cache.call import NoRecording
from modelwire_cache.session import begin_session

MODEL = "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"


def weather(city: str) -> str:
    """Look up the weather.

    Args:
        city: A city.
    """
    return f"Rain in {city}"


@pytest.fixture
def environ(bedrock_emulator, folder, tmp_path):
    """The environment of a program, by the mode."""

    def make(mode):
        begin_session()
        return {
            **bedrock_emulator.environ(),
            "MODELWIRE_RECORDINGS": mode,
            "MODELWIRE_RECORDINGS_DIR": str(folder),
            "HOME": str(tmp_path),
        }

    return make


async def agent_run(environ, mode):
    async with Runtime.from_config({}, environ=environ(mode)) as runtime:
        agent = Agent(MODEL, tools=[weather], system="Be brief.\nBe kind.", runtime=runtime)
        result = await agent.run("Do I need an umbrella in Oslo?")
        return result.text, [message.content for message in result.messages]


async def test_an_agent_with_tools_is_replayed_turn_by_turn(bedrock_emulator, environ, folder):
    bedrock_emulator.answer(
        [Thinking("Hm.", signature="c2ln"), ToolUse("weather", {"city": "Oslo"})]
    )
    bedrock_emulator.answer("Yes, take one.")
    recorded = await agent_run(environ, "record")
    assert recorded[0] == "Yes, take one."
    assert await agent_run(environ, "replay") == recorded
    assert [request.status for request in bedrock_emulator.requests] == [200, 200]
    assert len(list(folder.iterdir())) == 2


async def test_another_result_of_a_tool_is_named_with_its_place(
    bedrock_emulator, environ, monkeypatch
):
    bedrock_emulator.answer(ToolUse("weather", {"city": "Oslo"}))
    bedrock_emulator.answer("Yes.")
    await agent_run(environ, "record")

    def weather(city: str) -> str:
        """Look up the weather.

        Args:
            city: A city.
        """
        return f"Sun in {city}"

    monkeypatch.setitem(globals(), "weather", weather)
    with pytest.raises(NoRecording) as caught:
        await agent_run(environ, "replay")
    assert caught.value.differences[0].path == "messages[2].content[0]"
    assert (caught.value.differences[0].asked, caught.value.differences[0].recorded) == (
        '"Sun in Oslo"',
        '"Rain in Oslo"',
    )


async def test_a_structured_output_that_was_asked_for_twice_is_replayed(bedrock_emulator, environ):
    bedrock_emulator.answer('{"city": 5}')
    bedrock_emulator.answer('{"city": "Oslo"}')
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    }

    async def run(mode):
        async with Runtime.from_config({}, environ=environ(mode)) as runtime:
            answers = [
                await runtime.complete("Where?", model=MODEL, response_schema=schema)
                for _ in range(2)
            ]
            return [json.loads(answer.text)["city"] for answer in answers]

    assert await run("record") == await run("replay") == [5, "Oslo"]


def test_threads_that_share_a_sync_runtime_are_replayed(bedrock_emulator, environ):
    from concurrent.futures import ThreadPoolExecutor

    for n in range(8):
        bedrock_emulator.answer(f"Answer {n}")

    def run(mode):
        with (
            SyncRuntime.from_config({}, environ=environ(mode)) as runtime,
            ThreadPoolExecutor(4) as threads,
        ):
            asked = threads.map(lambda n: runtime.complete(f"Why {n % 4}?", model=MODEL), range(8))
            return sorted(message.text for message in asked)

    assert run("record") == run("replay") == [f"Answer {n}" for n in range(8)]


async def test_counted_tokens_are_recorded_and_replayed(bedrock_emulator, environ):
    async def count(mode, prompt="Why?"):
        async with Runtime.from_config({}, environ=environ(mode)) as runtime:
            return await runtime.count_tokens(prompt, model=MODEL)

    assert await count("record") == await count("replay") > 0
    with pytest.raises(NoRecording):
        await count("replay", "What?")
    assert [request.operation for request in bedrock_emulator.requests] == ["CountTokens"]


async def test_a_refused_count_is_replayed_and_a_wrong_setting_is_named(bedrock_emulator, environ):
    bedrock_emulator.answer(fault=Fault.error("ValidationException", "Too odd."))
    for mode in ("record", "replay"):
        async with Runtime.from_config({}, environ=environ(mode)) as runtime:
            with pytest.raises(InvalidRequest, match=r"Too odd\."):
                await runtime.count_tokens("Why?", model=MODEL)
            with pytest.raises(InvalidRequest, match=r"options\.plugins\.recordings\.mode"):
                await runtime.count_tokens(
                    "Why?", model=MODEL, plugins={"recordings": {"mode": "no"}}
                )
    assert len(bedrock_emulator.requests) == 1


async def test_a_replay_needs_no_credentials_and_no_service(bedrock_emulator, environ, folder):
    bedrock_emulator.answer([Text("Yes."), Text("No.")])

    async def run(variables):
        async with Runtime.from_config({}, environ=variables) as runtime:
            stream = runtime.stream("Why?", model=MODEL)
            return [text async for text in stream.texts()]

    recorded = await run(environ("record"))
    begin_session()
    bare = {"MODELWIRE_RECORDINGS": "replay", "MODELWIRE_RECORDINGS_DIR": str(folder)}
    assert await asyncio.wait_for(run(bare), 60) == recorded
