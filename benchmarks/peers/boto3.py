"""boto3 as its documentation uses it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

from peers.question import MODEL, REGION

PACKAGES = ["boto3", "botocore"]
_MESSAGES = [{"role": "user", "content": [{"text": "Hello"}]}]


def connect() -> Any:
    return boto3.client(
        "bedrock-runtime", region_name=REGION, config=Config(max_pool_connections=2048)
    )


def stream(client: Any, arrived: Callable[[str], object]) -> None:
    answer = client.converse_stream(modelId=MODEL, messages=_MESSAGES)
    for event in answer["stream"]:
        if "contentBlockDelta" in event:
            text = event["contentBlockDelta"]["delta"].get("text")
            if text is not None:
                arrived(text)
