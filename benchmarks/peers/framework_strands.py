"""Agents of Strands: on boto3, on modelwire, or on a model that answers by itself.

An agent answers one question at a time, so each stream has one of its own; all have the same model.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from strands import Agent
from strands.models.model import Model

from peers.question import MODEL, REGION

PACKAGES = ["strands-agents", "boto3", "modelwire-strands"]


class SpeakingModel(Model):
    """A model that says so many words, one every so many seconds; Strands has none for tests."""

    def __init__(self, events: int, wait: float, seconds: float) -> None:
        self._events = events
        self._wait = wait
        self._seconds = seconds

    def update_config(self, **_: Any) -> None:
        """Nothing can be set."""

    def get_config(self) -> dict[str, Any]:
        """Nothing is set."""
        return {}

    async def structured_output(self, *_: Any, **__: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        """Unused; the base class requires it."""
        raise NotImplementedError
        yield

    async def stream(self, *_: Any, **__: Any) -> AsyncIterator[Any]:  # type: ignore[override]
        """Answer."""
        await asyncio.sleep(self._wait)
        yield {"messageStart": {"role": "assistant"}}
        for _ in range(self._events):
            if self._seconds:
                await asyncio.sleep(self._seconds)
            yield {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"text": "x"}}}
        yield {"contentBlockStop": {"contentBlockIndex": 0}}
        yield {"messageStop": {"stopReason": "end_turn"}}


async def connect(how: str, told: str) -> Model:
    if how == "modelwire":
        from modelwire_strands import ModelwireModel

        return ModelwireModel(f"amazon-bedrock/{MODEL}", config={})
    if how == "itself":
        events, wait, seconds = told.split(",")
        return SpeakingModel(int(events), float(wait), float(seconds))
    from botocore.config import Config
    from strands.models import BedrockModel

    if how == "threads":
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(int(told)))
    config = Config(max_pool_connections=2048)
    return BedrockModel(model_id=MODEL, region_name=REGION, boto_client_config=config)


async def stream(model: Model, arrived: Callable[[str], object]) -> None:
    agent = Agent(model, callback_handler=None)
    async for event in agent.stream_async("Hello"):
        if text := event.get("data"):
            arrived(text)
