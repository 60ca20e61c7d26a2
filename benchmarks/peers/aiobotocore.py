"""aiobotocore as its documentation uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from peers.question import MODEL, REGION

PACKAGES = ["aiobotocore", "botocore", "aiohttp"]
_MESSAGES = [{"role": "user", "content": [{"text": "Hello"}]}]


async def connect() -> Any:
    making = get_session().create_client(
        "bedrock-runtime", region_name=REGION, config=AioConfig(max_pool_connections=8192)
    )
    return await making.__aenter__()


async def stream(client: Any, arrived: Callable[[str], object]) -> None:
    answer = await client.converse_stream(modelId=MODEL, messages=_MESSAGES)
    async for event in answer["stream"]:
        if "contentBlockDelta" in event:
            text = event["contentBlockDelta"]["delta"].get("text")
            if text is not None:
                arrived(text)
