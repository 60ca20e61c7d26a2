"""modelwire reading a tool call: every fragment as an event, and its arguments parsed at the end."""

from __future__ import annotations

import json
from collections.abc import Callable

from modelwire import Runtime
from modelwire.events import ToolCallEndEvent
from modelwire.messages import Tool
from peers.modelwire import PACKAGES, connect
from peers.question import MODEL, TOOL

__all__ = ["PACKAGES", "connect", "stream"]


async def stream(runtime: Runtime, arrived: Callable[[str], object]) -> None:
    answer = runtime.stream("Hello", model=f"amazon-bedrock/{MODEL}", tools=[Tool(TOOL)])
    async for event in answer:
        if type(event) is ToolCallEndEvent:
            arrived(json.dumps(event.tool_call.arguments, separators=(",", ":")))
