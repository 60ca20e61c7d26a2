"""An agent: what it is made of, what a run gives, and how a conversation goes on."""

import asyncio
import json
import threading

import pytest

from modelwire import (
    Agent,
    AgentResult,
    Context,
    SyncRuntime,
    Tool,
    ToolRun,
    UserMessage,
    tool_from,
)
from modelwire.errors import Cancelled, InvalidMessage, InvalidRequest, ToolTurnsExceeded
from modelwire.events import DoneEvent, TextDeltaEvent
from modelwire.messages import AssistantMessage, ToolResultMessage
from modelwire.sessions import Session


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def script(*turns):
    return json.dumps(turns)


SUM = script([["add", {"a": 1, "b": 2}]], "The sum is %s.")


def roles(messages):
    kinds = {UserMessage: "user", AssistantMessage: "assistant", ToolResultMessage: "result"}
    return [kinds[type(message)] for message in messages]


async def test_a_run_gives_the_output_and_the_conversation(make_agent, seen):
    result = await make_agent(tools=[add], system="Be brief.").run(SUM)
    assert result.output == result.text == "The sum is 3."
    assert roles(result.messages) == ["user", "assistant", "result", "assistant"]
    assert (result.attempts, result.cost) == ((), None)
    assert [context.system_prompt for context, _ in seen] == ["Be brief.", "Be brief."]
    assert seen[0][0].tools == [tool_from(add).tool]


def test_a_run_needs_no_event_loop(make_agent):
    with make_agent(tools=[add]) as agent:
        assert agent.run_sync(SUM).output == "The sum is 3."


async def test_a_run_without_await_also_works_where_a_loop_runs(make_agent):
    with make_agent(tools=[add]) as agent:
        assert agent.run_sync(SUM).output == "The sum is 3."


def test_runs_in_one_loop_after_another_work(make_agent):
    agent = make_agent(tools=[add])
    for _ in range(2):
        assert asyncio.run(agent.run(SUM)).output == "The sum is 3."
    assert agent.run_sync(SUM).output == "The sum is 3."
    agent.close()
    assert agent.run_sync(SUM).output == "The sum is 3."
    agent.close()


def test_a_runtime_without_await_is_shared_with_its_loop_and_stays_open(runtime):
    threads = set()

    async def where() -> str:
        """Say where."""
        threads.add(threading.current_thread())
        return "here"

    asked = script([["where", {}]], "%s")
    with SyncRuntime(runtime) as shared:
        shared.complete(script("x"), model="scripted/m")
        for _ in range(2):
            with Agent("scripted/m", tools=[where], runtime=shared) as agent:
                assert agent.run_sync(asked).output == "here"
        assert asyncio.run(agent.run(script("y"))).output == "y"
        assert threads == {shared._loop._thread}
        assert shared.complete(script("x"), model="scripted/m").text == "x"


async def test_a_stream_has_events_runs_of_tools_and_the_result(make_agent):
    items = [item async for item in make_agent(tools=[add]).stream(SUM)]
    assert isinstance(items[-1], AgentResult)
    assert [type(item) for item in items if isinstance(item, ToolRun | DoneEvent)] == [
        DoneEvent,
        ToolRun,
        DoneEvent,
    ]
    assert "".join(item.delta for item in items if isinstance(item, TextDeltaEvent)) == (
        items[-1].output
    )


async def test_the_texts_of_a_stream_can_be_iterated(make_agent):
    texts = [text async for text in make_agent(tools=[add]).stream(SUM).texts()]
    assert texts == ["The sum is 3."]


def test_a_stream_without_async_has_the_same_items(make_agent):
    with make_agent(tools=[add]) as agent:
        items = list(agent.stream_sync(SUM))
        assert isinstance(items[-1], AgentResult)
        assert sum(isinstance(item, ToolRun) for item in items) == 1
        assert list(agent.stream_sync(SUM).texts()) == ["The sum is 3."]


async def test_several_runs_of_one_agent_go_on_at_the_same_time(make_agent):
    both = asyncio.Barrier(2)

    async def meet(name: str) -> str:
        """Meet."""
        await both.wait()
        return name

    agent = make_agent(tools=[meet])
    runs = [agent.run(script([["meet", {"name": name}]], "%s")) for name in ("Ada", "Bob")]
    assert [result.output for result in await asyncio.gather(*runs)] == ["Ada", "Bob"]


async def test_a_conversation_goes_on_with_its_messages(make_agent, seen):
    agent = make_agent()
    first = await agent.run(script("one"))
    before = list(first.messages)
    second = await agent.run(script("", "two"), messages=first.messages)
    assert roles(second.messages) == ["user", "assistant", "user", "assistant"]
    assert second.output == "two"
    assert first.messages == before
    assert seen[1][0].messages[:2] == before


async def test_messages_may_be_dictionaries(make_agent, seen):
    history = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello."},
    ]
    result = await make_agent().run(
        {"role": "user", "content": script("", "fine")}, messages=history
    )
    assert result.output == "fine"
    assert seen[0][0].system_prompt == "Be kind."


async def test_a_session_keeps_the_conversation(make_agent, seen, tmp_path):
    path = tmp_path / "talk.jsonl"
    agent = make_agent(tools=[add], system="Be brief.")
    await agent.run(SUM, session=path)
    result = await agent.run(script("", "", "again"), session=str(path))
    assert result.output == "again"
    expected = ["user", "assistant", "result", "assistant", "user", "assistant"]
    assert roles(result.messages) == expected
    with Session.open(path) as session:
        kept = session.conversation()
        assert roles(kept.messages) == expected
        assert kept.system_prompt == "Be brief."
        other = await make_agent().run(script("", "", "", "more"), session=session)
        assert other.output == "more"
        assert seen[-1][0].system_prompt == "Be brief."
        assert len(session.conversation().messages) == 8


async def test_a_run_that_is_cancelled_while_its_session_is_opened_leaves_it_unlocked(
    make_agent, tmp_path, monkeypatch
):
    path = tmp_path / "talk.jsonl"
    opened, may_open, made = threading.Event(), threading.Event(), []
    create = Session.create

    def slowly(*given, **more):
        opened.set()
        may_open.wait(60)
        made.append(create(*given, **more))
        return made[0]

    monkeypatch.setattr(Session, "create", slowly)
    task = asyncio.create_task(make_agent().run(script("x"), session=path))
    await asyncio.to_thread(opened.wait, 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    may_open.set()
    while not made:
        await asyncio.sleep(0.01)
    monkeypatch.undo()
    async with asyncio.timeout(60):
        while (path.parent / f".{path.name}.lock").exists():
            await asyncio.sleep(0.01)
    with create(path, cwd="/work"):
        pass


@pytest.mark.parametrize(
    "given", [{"messages": [], "session": "a.jsonl"}], ids=["messages and session"]
)
def test_two_conversations_are_refused(make_agent, given):
    with pytest.raises(InvalidRequest, match="messages and session"):
        make_agent().stream("hi", **given)


async def test_a_context_with_tools_is_refused(make_agent):
    with pytest.raises(InvalidMessage, match="tools"):
        await make_agent().run(Context([UserMessage("hi")], tools=[Tool("weather")]))


async def test_tools_run_without_approval_unless_it_is_asked_for(make_agent):
    asked = []

    def approve(call):
        asked.append(call.name)
        return False

    assert (await make_agent(tools=[add]).run(SUM)).output == "The sum is 3."
    declined = await make_agent(tools=[add], approve=approve).run(SUM)
    assert asked == ["add"]
    assert declined.messages[2].is_error
    assert (await make_agent(tools=[add], approve="never").run(SUM)).messages[2].is_error


def test_approval_is_asked_for_in_the_thread_of_a_run_without_await(make_agent):
    threads = []

    def approve(call):
        threads.append(threading.current_thread())
        return True

    with make_agent(tools=[add], approve=approve) as agent:
        assert agent.run_sync(SUM).output == "The sum is 3."
    assert threads == [threading.current_thread()]


async def test_options_of_a_run_win_over_those_of_the_agent(make_agent, seen):
    agent = make_agent(max_tokens=5, temperature=0.5)
    await agent.run(script("x"), max_tokens=7)
    await agent.run(script("x"))
    assert [(options.max_tokens, options.temperature) for _, options in seen] == [
        (7, 0.5),
        (5, 0.5),
    ]


async def test_the_turns_are_limited(make_agent):
    calls = [["add", {"a": 1, "b": 2}]]
    with pytest.raises(ToolTurnsExceeded):
        await make_agent(tools=[add], max_turns=2).run(script(calls))


async def test_a_fallback_answers_and_the_attempt_is_reported(make_agent, site):
    result = await make_agent("broken/x", fallbacks=["scripted/m"]).run(script("x"))
    assert result.output == "x"
    assert [(each.model, each.code) for each in result.attempts] == [("broken/x", "plugin")]


async def test_a_run_can_be_cancelled(make_agent):
    stream = make_agent("scripted/hangs").stream(script("some text"))
    with pytest.raises(Cancelled) as caught:
        async for item in stream:
            if isinstance(item, TextDeltaEvent):
                stream.cancel()
    assert caught.value.partial.text == "some text"


async def test_a_run_that_was_cancelled_before_it_began_asks_no_model(make_agent, seen):
    stream = make_agent().stream(script("x"))
    stream.cancel()
    with pytest.raises(Cancelled):
        await stream.result()
    assert seen == []


def test_a_run_without_await_can_be_cancelled(make_agent):
    with make_agent("scripted/hangs") as agent:
        stream = agent.stream_sync(script("some text"))
        with pytest.raises(Cancelled):
            for item in stream:
                if isinstance(item, TextDeltaEvent):
                    stream.cancel()


@pytest.mark.parametrize(
    ("settings", "error", "named"),
    [
        ({"tools": [5]}, InvalidMessage, "tools[0] is int"),
        ({"tools": [add, Tool("weather")]}, InvalidMessage, "tools[1] is the description of"),
        ({"tools": [add, tool_from(add)]}, InvalidMessage, "Several tools"),
        ({"output": object()}, InvalidRequest, "output is <object"),
        ({"runtime": "bedrock"}, InvalidRequest, "runtime is str"),
        ({"approve": "perhaps"}, InvalidRequest, "approve is 'perhaps'"),
        ({"response_schema": int}, InvalidRequest, "response_schema is int"),
    ],
)
def test_what_is_wrong_is_found_when_the_agent_is_made(make_agent, settings, error, named):
    with pytest.raises(error) as caught:
        make_agent(**settings)
    assert str(caught.value).startswith(named)
    assert caught.value.retryable is False


def test_a_schema_beside_an_output_is_refused(make_agent):
    agent = make_agent(output=int, response_schema={"type": "object"})
    with pytest.raises(InvalidRequest, match="response_schema"):
        agent.stream("hi")


async def test_an_agent_of_its_own_uses_the_configuration(scripted, tmp_path, monkeypatch):
    # The scripted provider is on the path of this process, so that the installed plugins have it.
    document = {"agents": {"defaults": {"model": "scripted/m"}}}
    path = tmp_path / "modelwire.json5"
    path.write_text(json.dumps(document))
    monkeypatch.setenv("MODELWIRE_CONFIG", str(path))
    async with Agent() as agent:
        assert (await agent.run(script("x"))).output == "x"


async def test_an_option_of_a_run_is_checked_like_one_of_the_agent(make_agent):
    agent = make_agent()
    with pytest.raises(TypeError, match="'temprature'; did you mean temperature"):
        await agent.run("x", temprature=1)
    with pytest.raises(InvalidRequest, match=r"options\.max_tokens must be"):
        agent.stream("x", max_tokens=0)


def test_an_agent_and_its_runtime_say_what_they_are(make_agent, runtime):
    assert repr(make_agent()) == "Agent('scripted/m')"
    shown = "Agent('scripted/m', tools=[add], output=int)"
    assert repr(make_agent(tools=[add], output=int)) == shown
    assert repr(Agent(runtime=runtime)) == "Agent()"
    assert repr(runtime) == "<Runtime, no configuration file>"


async def test_a_result_is_represented_without_its_conversation(make_agent):
    shown = repr(await make_agent().run(script("x")))
    assert shown.startswith("AgentResult(output='x', messages=<2 messages>, usage=Usage(")
    assert len(shown) < 150
