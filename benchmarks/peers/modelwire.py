"""modelwire through its public interface: every event, and the message at the end."""

from __future__ import annotations

from collections.abc import Callable

from modelwire import Runtime
from modelwire.events import TextDeltaEvent
from peers.question import MODEL

PACKAGES = ["modelwire", "modelwire-bedrock", "aiohttp"]


async def connect() -> Runtime:
    return Runtime.from_config({})


async def stream(runtime: Runtime, arrived: Callable[[str], object]) -> None:
    answer = runtime.stream("Hello", model=f"amazon-bedrock/{MODEL}")
    async for event in answer:
        if type(event) is TextDeltaEvent:
            arrived(event.delta)
    assert answer.message is not None
