"""ChatBedrockConverse of langchain-aws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.config import Config
from langchain_aws import ChatBedrockConverse

from peers.question import MODEL, REGION

PACKAGES = ["langchain-aws", "langchain-core", "boto3"]


def connect() -> Any:
    config = Config(max_pool_connections=2048)
    return ChatBedrockConverse(model=MODEL, region_name=REGION, config=config)


async def stream(model: Any, arrived: Callable[[str], object]) -> None:
    async for chunk in model.astream("Hello"):
        for block in chunk.content:
            if block.get("type") == "text":
                arrived(block["text"])
