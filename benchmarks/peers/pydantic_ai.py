"""pydantic-ai's direct interface, the leanest that it has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import (
    ModelRequest,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
)
from pydantic_ai.models.bedrock import BedrockConverseModel
from pydantic_ai.providers.bedrock import BedrockProvider

from peers.question import MODEL, REGION

PACKAGES = ["pydantic-ai-slim", "boto3"]


def connect() -> Any:
    return BedrockConverseModel(MODEL, provider=BedrockProvider(region_name=REGION))


async def stream(model: Any, arrived: Callable[[str], object]) -> None:
    request = [ModelRequest.user_text_prompt("Hello")]
    async with model_request_stream(model, request) as events:
        async for event in events:
            if isinstance(event, PartDeltaEvent):
                if isinstance(event.delta, TextPartDelta):
                    arrived(event.delta.content_delta)
            elif isinstance(event, PartStartEvent) and isinstance(event.part, TextPart):
                arrived(event.part.content)
