"""any-llm's acompletion."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from any_llm import AnyLLM

from peers.question import MODEL

PACKAGES = ["any-llm-sdk", "boto3"]
_MESSAGES: Any = [{"role": "user", "content": "Hello"}]


def connect() -> Any:
    return AnyLLM.create("bedrock", api_base=os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"])


async def stream(client: Any, arrived: Callable[[str], object]) -> None:
    await read(client, MODEL, arrived)


async def read(client: Any, model: str, arrived: Callable[[str], object]) -> None:
    chunks = await client.acompletion(model=model, messages=_MESSAGES, stream=True)
    async for chunk in chunks:
        for choice in chunk.choices:
            if choice.delta.content:
                arrived(choice.delta.content)
