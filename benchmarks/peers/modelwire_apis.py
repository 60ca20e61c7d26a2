"""modelwire reading other APIs of Bedrock: every event, and the message at the end."""

from __future__ import annotations

from collections.abc import Callable

from modelwire import Runtime
from modelwire.events import TextDeltaEvent
from peers.question import CLAUDE, GPT, GPT_OSS, REGION, TOKEN

PACKAGES = ["modelwire", "modelwire-bedrock", "modelwire-openai", "modelwire-anthropic", "aiohttp"]

_APIS = {
    "responses": ("openai-responses", GPT),
    "chat": ("openai-completions", GPT_OSS),
    "messages": ("anthropic-messages", CLAUDE),
}

Client = tuple[Runtime, str]


async def connect(api: str, auth: str) -> Client:
    name, model = _APIS[api]
    provider = {"api": name, "region": REGION}
    if auth == "bearer":
        provider["apiKey"] = TOKEN
    runtime = Runtime.from_config({"models": {"providers": {"amazon-bedrock": provider}}})
    return runtime, f"amazon-bedrock/{model}"


async def stream(client: Client, arrived: Callable[[str], object]) -> None:
    runtime, model = client
    answer = runtime.stream("Hello", model=model)
    async for event in answer:
        if type(event) is TextDeltaEvent:
            arrived(event.delta)
    assert answer.message is not None
