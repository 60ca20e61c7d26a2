"""boto3 reading a tool call; joining and parsing its arguments is the caller's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from peers.boto3 import PACKAGES, connect
from peers.question import MODEL, TOOL

__all__ = ["PACKAGES", "connect", "stream"]

_MESSAGES = [{"role": "user", "content": [{"text": "Hello"}]}]
_TOOLS = {"tools": [{"toolSpec": {"name": TOOL, "inputSchema": {"json": {"type": "object"}}}}]}


def stream(client: Any, arrived: Callable[[str], object]) -> None:
    answer = client.converse_stream(modelId=MODEL, messages=_MESSAGES, toolConfig=_TOOLS)
    fragments = [
        event["contentBlockDelta"]["delta"]["toolUse"]["input"]
        for event in answer["stream"]
        if "contentBlockDelta" in event
    ]
    arrived(json.dumps(json.loads("".join(fragments)), separators=(",", ":")))
