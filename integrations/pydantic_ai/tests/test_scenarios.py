"""Agents as pydantic-ai's documentation has them, over the emulated Bedrock, whose model calls tools."""

from dataclasses import dataclass, replace

import pytest
from pydantic import BaseModel
from pydantic_ai import (
    Agent,
    AgentRunResultEvent,
    DeferredToolRequests,
    DeferredToolResults,
    FunctionToolCallEvent,
    FunctionToolResultEvent,
    FunctionToolset,
    ModelRetry,
    PartDeltaEvent,
    RunContext,
    RunUsage,
    ToolDenied,
    UsageLimitExceeded,
    UsageLimits,
)
from pydantic_ai.capabilities import ProcessHistory
from pydantic_ai.messages import (
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    ToolReturnPart,
    UserPromptPart,
)

from modelwire_bedrock.emulator import Match, Text, ToolUse

pytestmark = pytest.mark.extensive("it needs a framework, which takes long to import")


class Seat(BaseModel):
    """A seat on an aeroplane."""

    row: int
    letter: str


@dataclass
class Bank:
    """What the tools of an agent depend on."""

    customer: str
    balances: dict[str, float]


def asked_for(emulator):
    """The bodies of the requests, without the cache points that modelwire adds."""
    return [without_cache_points(request.parameters) for request in emulator.requests]


def without_cache_points(value):
    """A value from JSON without its cache points."""
    if isinstance(value, list):
        kept = (item for item in value if not (isinstance(item, dict) and "cachePoint" in item))
        return [without_cache_points(item) for item in kept]
    if isinstance(value, dict):
        return {name: without_cache_points(item) for name, item in value.items()}
    return value


async def test_an_agent_asks_another_one_in_a_tool_and_shares_its_usage(emulator, model):
    jokers = Agent(model, output_type=list[str], instructions="Make up jokes.")
    chooser = Agent(model, instructions="Choose the best joke.")

    @chooser.tool
    async def make_jokes(context: RunContext[None], count: int) -> list[str]:
        """Make up jokes."""
        made = await jokers.run(f"{count} jokes, please", usage=context.usage)
        return made.output

    result = await chooser.run("A joke, please.", usage_limits=UsageLimits(request_limit=5))

    assert result.output
    assert result.usage.requests == 3  # twice the one that chooses, once the one that makes them up
    assert result.usage.input_tokens > 0
    assert [body["system"][0]["text"] for body in asked_for(emulator)] == [
        "Choose the best joke.",
        "Make up jokes.",
        "Choose the best joke.",
    ]


async def test_a_program_hands_a_conversation_to_another_agent(emulator, model):
    usage = RunUsage()
    flights = Agent(model, instructions="Find a flight.", output_type=str)
    seats = Agent(model, instructions="Find the seat.", output_type=Seat)

    found = await flights.run("To Oslo, by the window.", usage=usage)
    seat = await seats.run("Row '3'", message_history=found.new_messages(), usage=usage)

    assert isinstance(seat.output, Seat)
    assert usage.requests == 2
    roles = [message["role"] for message in asked_for(emulator)[1]["messages"]]
    assert roles == ["user", "assistant", "user"]


async def test_an_output_function_hands_over_to_another_agent(emulator, model):
    seats = Agent(model, output_type=Seat)
    done = []

    async def hand_to_seats(context: RunContext[None], wish: str) -> Seat:
        """Have a seat reserved."""
        done.append(wish)
        return (await seats.run(wish, usage=context.usage)).output

    router = Agent(model, output_type=[hand_to_seats])

    result = await router.run("Reserve a seat 'by the window'.")

    assert isinstance(result.output, Seat)
    assert done == ["by the window"]
    assert result.usage.requests == 2


async def test_tools_and_instructions_have_what_they_depend_on(emulator, model):
    support = Agent(model, deps_type=Bank)

    @support.instructions
    def name_the_customer(context: RunContext[Bank]) -> str:
        return f"The customer is {context.deps.customer}."

    @support.tool
    def balance(context: RunContext[Bank], account: str) -> float:
        """The balance of an account."""
        return context.deps.balances[account]

    result = await support.run("How much is in 'savings'?", deps=Bank("Ada", {"savings": 12.5}))

    first, second = asked_for(emulator)
    assert first["system"] == [{"text": "The customer is Ada."}]
    returned = second["messages"][-1]["content"][0]["toolResult"]
    assert returned["content"] == [{"text": "12.5"}]
    assert result.output


async def test_a_prepared_tool_is_offered_only_to_those_who_may(emulator, model):
    agent = Agent(model, deps_type=int)

    async def for_adults(context: RunContext[int], tool):
        return replace(tool, description="For adults.") if context.deps >= 18 else None

    @agent.tool_plain(prepare=for_adults)
    def order(drink: str) -> str:
        """Order a drink."""
        return f"one {drink}"

    child = await agent.run("One 'cider'", deps=12)
    adult = await agent.run("One 'cider'", deps=42)

    first, second, _ = asked_for(emulator)
    assert "toolConfig" not in first
    assert second["toolConfig"]["tools"][0]["toolSpec"]["description"] == "For adults."
    assert child.usage.tool_calls == 0
    assert adult.usage.tool_calls == 1


async def test_history_is_processed_before_each_request(emulator, model):
    def keep_the_last(messages):
        return messages[-1:]

    agent = Agent(model, capabilities=[ProcessHistory(keep_the_last)])

    first = await agent.run("One")
    second = await agent.run("Two", message_history=first.all_messages())

    bodies = asked_for(emulator)
    assert [len(body["messages"]) for body in bodies] == [1, 1]
    assert bodies[1]["messages"][0]["content"] == [{"text": "Two"}]
    assert second.output


async def test_a_conversation_goes_on_from_json(emulator, model):
    agent = Agent(model)

    @agent.tool_plain
    def look(city: str) -> str:
        """Look up the weather."""
        return f"sunny in {city}"

    first = await agent.run("The weather in 'Oslo'?")
    kept = ModelMessagesTypeAdapter.validate_json(first.all_messages_json())
    second = await agent.run("And now?", message_history=kept)

    assert kept == first.all_messages()
    bodies = asked_for(emulator)
    assert bodies[2]["messages"][: len(bodies[1]["messages"])] == bodies[1]["messages"]
    assert second.all_messages()[: len(kept)] == kept


async def test_a_validator_sends_an_output_back(emulator, model):
    agent = Agent(model, output_type=Seat)
    emulator.answer(ToolUse("final_result", {"row": 0, "letter": "A"}))
    emulator.answer(ToolUse("final_result", {"row": 7, "letter": "A"}))

    @agent.output_validator
    def in_the_cabin(seat: Seat) -> Seat:
        if seat.row < 1:
            msg = "Rows begin with 1."
            raise ModelRetry(msg)
        return seat

    result = await agent.run("A seat, please.")

    assert result.output == Seat(row=7, letter="A")
    told = asked_for(emulator)[1]["messages"][-1]["content"][0]["toolResult"]
    assert told["status"] == "error"
    assert "Rows begin with 1." in told["content"][0]["text"]


@pytest.mark.parametrize("approved", [True, False])
async def test_a_call_waits_for_approval(emulator, model, approved):
    deleted = []
    agent = Agent(model, output_type=[str, DeferredToolRequests])

    @agent.tool_plain(requires_approval=True)
    def delete(file: str) -> str:
        """Delete a file."""
        deleted.append(file)
        return f"{file} is gone"

    asked = await agent.run("Delete 'notes.txt'.")
    assert isinstance(asked.output, DeferredToolRequests)
    (call,) = asked.output.approvals
    assert deleted == []

    verdict = True if approved else ToolDenied("It is needed.")
    result = await agent.run(
        message_history=asked.all_messages(),
        deferred_tool_results=DeferredToolResults(approvals={call.tool_call_id: verdict}),
    )

    assert isinstance(result.output, str)
    assert deleted == (["notes.txt"] if approved else [])
    told = asked_for(emulator)[1]["messages"][-1]["content"][0]["toolResult"]
    assert told["content"] == [{"text": "notes.txt is gone" if approved else "It is needed."}]


async def test_a_limit_ends_an_agent_that_calls_tools_for_ever(emulator, model):
    agent = Agent(model)
    emulator.answer(ToolUse("again"), times=None)

    @agent.tool_plain
    def again() -> str:
        """Do it again."""
        return "once more"

    with pytest.raises(UsageLimitExceeded, match="request_limit of 3"):
        await agent.run("Go.", usage_limits=UsageLimits(request_limit=3))

    assert len(emulator.requests) == 3


async def test_calls_of_one_answer_are_returned_in_one_message(emulator, model):
    agent = Agent(model)
    emulator.answer(
        [Text("I look."), ToolUse("look", {"city": "Oslo"}), ToolUse("look", {"city": "Rome"})]
    )

    @agent.tool_plain
    async def look(city: str) -> str:
        """Look up the weather."""
        return f"sunny in {city}"

    result = await agent.run("The weather?")

    returned = asked_for(emulator)[1]["messages"][-1]
    said = [block["toolResult"]["content"][0]["text"] for block in returned["content"]]
    assert said == ["sunny in Oslo", "sunny in Rome"]
    assert result.usage.tool_calls == 2


async def test_toolsets_are_combined_and_prefixed(emulator, model):
    weather, time = FunctionToolset(), FunctionToolset()

    @weather.tool_plain
    def now(city: str) -> str:
        """The weather."""
        return f"sunny in {city}"

    @time.tool_plain(name="now")
    def time_now(city: str) -> str:
        """The time."""
        return f"noon in {city}"

    agent = Agent(model, toolsets=[weather.prefixed("weather"), time.prefixed("time")])
    emulator.answer(ToolUse("time_now", {"city": "Oslo"}))

    result = await agent.run("What time is it in Oslo?")

    offered = asked_for(emulator)[0]["toolConfig"]["tools"]
    assert {tool["toolSpec"]["name"] for tool in offered} == {"weather_now", "time_now"}
    returns = [
        part.content
        for message in result.all_messages()
        for part in message.parts
        if isinstance(part, ToolReturnPart)
    ]
    assert returns == ["noon in Oslo"]


async def test_structured_output_is_streamed_as_it_grows(emulator, model):
    agent = Agent(model, output_type=list[Seat])
    rows = [{"row": row, "letter": "A"} for row in range(1, 4)]
    emulator.answer(ToolUse("final_result", {"response": rows}, pieces=12))

    async with agent.run_stream("Three seats") as run:
        grown = [seats async for seats in run.stream_output(debounce_by=None)]

    assert [len(seats) for seats in grown] == sorted(len(seats) for seats in grown)
    assert grown[-1] == [Seat(row=row, letter="A") for row in range(1, 4)]
    assert len({len(seats) for seats in grown}) > 1


async def test_the_events_of_a_run_come_in_their_order(emulator, model):
    agent = Agent(model)
    emulator.answer([Text("I look it up."), ToolUse("look", {"city": "Oslo"})])
    emulator.answer("It is sunny in Oslo today.")

    @agent.tool_plain
    def look(city: str) -> str:
        """Look up the weather."""
        return f"sunny in {city}"

    async with agent.run_stream_events("The weather in Oslo?") as events:
        seen = [event async for event in events]

    kinds = [type(event) for event in seen]
    call, result = kinds.index(FunctionToolCallEvent), kinds.index(FunctionToolResultEvent)
    assert PartDeltaEvent in kinds[:call]
    assert call < result
    assert PartDeltaEvent in kinds[result:]
    assert isinstance(seen[-1], AgentRunResultEvent)
    assert seen[-1].result.output == "It is sunny in Oslo today."


async def test_a_run_can_be_walked_node_by_node(emulator, model):
    agent = Agent(model)

    @agent.tool_plain
    def look(city: str) -> str:
        """Look up the weather."""
        return f"sunny in {city}"

    async with agent.iter("The weather in 'Oslo'?") as run:
        nodes = [type(node).__name__ async for node in run]

    assert nodes == [
        "UserPromptNode",
        "ModelRequestNode",
        "CallToolsNode",
        "ModelRequestNode",
        "CallToolsNode",
        "End",
    ]
    assert run.result.output


async def test_another_model_takes_over_for_a_part_of_the_code(emulator, model):
    agent = Agent(model, instructions="Be brief.")
    emulator.answer("from the other", when=Match(model="*haiku*"))
    other = type(model)("bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0", config={})

    async with other:
        with agent.override(model=other):
            result = await agent.run("Hello")

    assert result.output == "from the other"
    assert isinstance(result.all_messages()[0], ModelRequest)
    assert isinstance(result.all_messages()[0].parts[-1], UserPromptPart)
    assert isinstance(result.response, ModelResponse)
    assert "haiku" in result.response.model_name
