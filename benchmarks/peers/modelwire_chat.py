"""modelwire reading Chat Completions: every event, and the message at the end."""

from __future__ import annotations

import os
from collections.abc import Callable

from modelwire import Runtime
from modelwire.events import TextDeltaEvent

PACKAGES = ["modelwire", "modelwire-openai", "aiohttp"]


async def connect() -> Runtime:
    base_url = f"{os.environ['AWS_ENDPOINT_URL_BEDROCK_RUNTIME']}/v1"
    provider = {"api": "openai-completions", "baseUrl": base_url, "apiKey": "none"}
    return Runtime.from_config({"models": {"providers": {"acme": provider}}})


async def stream(runtime: Runtime, arrived: Callable[[str], object]) -> None:
    answer = runtime.stream("Hello", model="acme/gpt-4o-mini")
    async for event in answer:
        if type(event) is TextDeltaEvent:
            arrived(event.delta)
    assert answer.message is not None
