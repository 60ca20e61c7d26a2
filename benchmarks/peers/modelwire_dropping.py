"""modelwire without the text in the message at the end."""

from __future__ import annotations

from collections.abc import Callable

from modelwire import Runtime
from modelwire.events import TextDeltaEvent
from peers.modelwire import PACKAGES, connect
from peers.question import MODEL

__all__ = ["PACKAGES", "connect", "stream"]


async def stream(runtime: Runtime, arrived: Callable[[str], object]) -> None:
    async for event in runtime.stream("Hello", model=f"amazon-bedrock/{MODEL}", keep_text=False):
        if type(event) is TextDeltaEvent:
            arrived(event.delta)
