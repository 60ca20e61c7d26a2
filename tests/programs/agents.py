"""Agents, and the types of what they give."""

from dataclasses import dataclass
from typing import TypedDict, assert_type

from modelwire import Agent, AgentResult, Runtime, SyncRuntime, ToolRun, tool_from
from modelwire.events import TextDeltaEvent


@dataclass
class City:
    """A city."""

    name: str


class TypedCity(TypedDict):
    """A city as a dictionary."""

    name: str


def weather(city: str) -> str:
    """Forecast the weather."""
    return f"sunny in {city}"


plain = Agent()
typed = Agent("local/small", tools=[weather, tool_from(weather)], system="Be brief.", output=City)

assert_type(plain, Agent[str])
assert_type(typed, Agent[City])
assert_type(plain.run_sync("Hi").output, str)
assert_type(typed.run_sync("Hi", max_tokens=5).output, City)
assert_type(Agent(output=TypedCity).run_sync("Hi").output, TypedCity)
assert_type(Agent(output=list[City]).run_sync("Hi").output, list[City])
assert_type(Agent(output=int, temperature=0).run_sync("Hi").output, int)
assert_type(Agent.from_config("writer"), Agent[str])
assert_type(Agent.from_config("writer", output=City), Agent[City])
assert_type(Agent[str](), Agent[str])

with SyncRuntime.from_config() as shared:
    Agent(runtime=shared).run_sync("Hi")

for text in typed.stream_sync("Hi").texts():
    print(text.upper())


async def converse(runtime: Runtime) -> City:
    """Go on with a conversation."""
    async with Agent(runtime=runtime, output=City, approve=lambda call: call.name != "x") as agent:
        first = await agent.run("Hi")
        second = await agent.run("And?", messages=first.messages)
        await agent.run({"role": "user", "content": "Hi"}, session="talk.jsonl")
        async for item in agent.stream("And?", messages=[{"role": "user", "content": "Hi"}]):
            if isinstance(item, ToolRun):
                print(item.call.name)
            elif isinstance(item, TextDeltaEvent):
                print(item.delta)
            elif isinstance(item, AgentResult):
                assert_type(item.output, City)
        print(second.cost.total if second.cost is not None else second.usage.total_tokens)
        return second.output


Agent(5)  # type: ignore[call-overload]
Agent(tools=[5])  # type: ignore[list-item]
Agent(temprature=1)  # type: ignore[call-overload]
print(typed.run_sync("Hi").output.nmae)  # type: ignore[attr-defined]
