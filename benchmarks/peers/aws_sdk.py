"""aws-sdk-bedrock-runtime, AWS's asynchronous SDK, as its documentation uses it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from aws_sdk_bedrock_runtime.client import AsyncBedrockRuntimeClient
from aws_sdk_bedrock_runtime.config import AsyncBedrockRuntimeConfig
from aws_sdk_bedrock_runtime.models import (
    ContentBlockDeltaText,
    ContentBlockText,
    ConverseStreamInput,
    ConverseStreamOutputContentBlockDelta,
    Message,
)

from peers.question import MODEL, REGION

PACKAGES = ["aws-sdk-bedrock-runtime", "aiohttp"]


async def connect() -> Any:
    config = await AsyncBedrockRuntimeConfig.resolve(
        region=REGION, endpoint_uri=os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]
    )
    return AsyncBedrockRuntimeClient(config)


async def stream(client: Any, arrived: Callable[[str], object]) -> None:
    question = Message(role="user", content=[ContentBlockText("Hello")])
    answer = await client.converse_stream(ConverseStreamInput(model_id=MODEL, messages=[question]))
    async with answer:
        async for event in answer.output_stream:
            if isinstance(event, ConverseStreamOutputContentBlockDelta):
                delta = event.value.delta
                if isinstance(delta, ContentBlockDeltaText):
                    arrived(delta.value)
