"""openai's client for Bedrock, reading Responses and Chat Completions."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from openai import AsyncOpenAI
from openai.providers import bedrock

from peers.question import GPT, GPT_OSS, REGION, TOKEN

PACKAGES = ["openai"]
_MESSAGES: Any = [{"role": "user", "content": "Hello"}]

Client = tuple[AsyncOpenAI, str]


async def connect(api: str, auth: str) -> Client:
    base_url = f"{os.environ['AWS_ENDPOINT_URL_BEDROCK_RUNTIME']}/openai/v1"
    key: dict[str, Any] = {"api_key": TOKEN} if auth == "bearer" else {}
    provider = bedrock(endpoint="runtime", region=REGION, base_url=base_url, **key)
    return AsyncOpenAI(provider=provider), api


async def stream(client: Client, arrived: Callable[[str], object]) -> None:
    openai, api = client
    if api == "responses":
        async for event in await openai.responses.create(model=GPT, input="Hello", stream=True):
            if event.type == "response.output_text.delta":
                arrived(event.delta)
        return
    chunks = await openai.chat.completions.create(model=GPT_OSS, messages=_MESSAGES, stream=True)
    async for chunk in chunks:
        text = chunk.choices[0].delta.content
        if text:
            arrived(text)
