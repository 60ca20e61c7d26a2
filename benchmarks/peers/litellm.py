"""litellm's acompletion."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import litellm

from peers.question import MODEL, REGION

PACKAGES = ["litellm", "aiohttp"]
_MESSAGES = [{"role": "user", "content": "Hello"}]


def connect() -> None:
    litellm.suppress_debug_info = True
    if bundle := os.environ.get("AWS_CA_BUNDLE"):
        litellm.ssl_verify = bundle


async def stream(_: None, arrived: Callable[[str], object]) -> None:
    await read(
        f"bedrock/converse/{MODEL}",
        arrived,
        aws_region_name=REGION,
        aws_bedrock_runtime_endpoint=os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"],
    )


async def read(model: str, arrived: Callable[[str], object], **options: Any) -> None:
    chunks: Any = await litellm.acompletion(model=model, messages=_MESSAGES, stream=True, **options)
    async for chunk in chunks:
        for choice in chunk.choices:
            if choice.delta.content:
                arrived(choice.delta.content)
