"""anthropic's client for Bedrock, reading Messages."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from anthropic import AsyncAnthropicBedrockMantle

from peers.question import CLAUDE, REGION, TOKEN

PACKAGES = ["anthropic"]
_MESSAGES: Any = [{"role": "user", "content": "Hello"}]


async def connect(_: str, auth: str) -> AsyncAnthropicBedrockMantle:
    base_url = f"{os.environ['AWS_ENDPOINT_URL_BEDROCK_RUNTIME']}/anthropic"
    key = TOKEN if auth == "bearer" else None
    return AsyncAnthropicBedrockMantle(aws_region=REGION, base_url=base_url, api_key=key)


async def stream(client: AsyncAnthropicBedrockMantle, arrived: Callable[[str], object]) -> None:
    events = await client.messages.create(
        model=CLAUDE, max_tokens=8192, messages=_MESSAGES, stream=True
    )
    async for event in events:
        if event.type == "content_block_delta" and event.delta.type == "text_delta":
            arrived(event.delta.text)
