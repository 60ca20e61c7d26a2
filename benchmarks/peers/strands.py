"""The model of strands-agents, without an agent around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.config import Config
from strands.models import BedrockModel

from peers.question import MODEL, REGION

PACKAGES = ["strands-agents", "boto3"]
_MESSAGES: Any = [{"role": "user", "content": [{"text": "Hello"}]}]


def connect() -> Any:
    config = Config(max_pool_connections=2048)
    return BedrockModel(model_id=MODEL, region_name=REGION, boto_client_config=config)


async def stream(model: Any, arrived: Callable[[str], object]) -> None:
    async for event in model.stream(_MESSAGES):
        if "contentBlockDelta" in event:
            text = event["contentBlockDelta"]["delta"].get("text")
            if text is not None:
                arrived(text)
