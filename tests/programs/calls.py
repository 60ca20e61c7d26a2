"""Calls with the forms that a programmer writes first."""

from dataclasses import dataclass
from typing import TypedDict

from modelwire import (
    Context,
    Runtime,
    SyncRuntime,
    ToolChoice,
    ToolRun,
    UserMessage,
    run_tools,
    tool_from,
)


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


async def look(place: str) -> str:
    """Look around."""
    return place


async def ask(runtime: Runtime) -> str:
    """Ask in all forms."""
    await runtime.complete("Hi", model="local/small", max_tokens=5, stop=["\n"], tool_choice="any")
    await runtime.complete([{"role": "user", "content": "Hi"}], tools=[weather, look])
    await runtime.complete({"role": "user", "content": [{"type": "text", "text": "Hi"}]})
    await runtime.complete([UserMessage("Hi")], tools=[tool_from(weather).tool, tool_from(look)])
    await runtime.complete(Context(), response_schema=City, tool_choice=ToolChoice("auto"))
    await runtime.complete("Hi", response_schema=TypedCity)
    await runtime.complete("Hi", response_schema={"type": "object"})
    async with run_tools(runtime, "Hi", [weather], approve="always", model="local/small") as loop:
        async for item in loop:
            if isinstance(item, ToolRun):
                print(item.call.name)
    return "".join([text async for text in runtime.stream("Hi").texts()])


def ask_and_wait(runtime: SyncRuntime) -> str:
    """Ask without an event loop."""
    shown = runtime.dry_run("Hi", tools=[weather], response_schema=City)
    print(shown.request.url)
    with run_tools(runtime, Context(), [weather], approve=lambda call: call.name == "x") as loop:
        for item in loop:
            print(item)
    return runtime.complete("Hi").text


async def mistakes(runtime: Runtime) -> None:
    """What a type checker finds."""
    await runtime.complete(5)  # type: ignore[arg-type]
    await runtime.complete("Hi", max_tokens="5")  # type: ignore[arg-type]
    await runtime.complete("Hi", tools=[5])  # type: ignore[list-item]
    await runtime.complete("Hi", reasoning="super")  # type: ignore[arg-type]
    await runtime.complete("Hi", temprature=1)  # type: ignore[call-arg]
    runtime.run_tools("Hi", [weather], approve="sometimes")  # type: ignore[arg-type]
