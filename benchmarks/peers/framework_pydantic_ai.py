"""An agent of pydantic-ai: on boto3, on modelwire, or on a model that answers by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.messages import ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse

from peers.question import MODEL, REGION

PACKAGES = ["pydantic-ai-slim", "boto3", "modelwire-pydantic-ai"]


@dataclass
class Words(StreamedResponse):
    """So many words, one every so many seconds."""

    events: int
    wait: float
    seconds: float
    model_name = "words"
    provider_name = None
    provider_url = None
    timestamp = datetime(2026, 1, 1, tzinfo=UTC)

    async def _get_event_iterator(self) -> AsyncIterator[Any]:
        await asyncio.sleep(self.wait)
        for _ in range(self.events):
            if self.seconds:
                await asyncio.sleep(self.seconds)
            for event in self._parts_manager.handle_text_delta(vendor_part_id=0, content="x"):
                yield event

    async def close_stream(self) -> None:
        """Nothing is open."""


class SpeakingModel(Model[Any]):
    """A model that says words; pydantic-ai's own for tests estimate the tokens of each, which costs."""

    model_name = "speaking"
    system = "itself"

    def __init__(self, *pace: float) -> None:
        super().__init__()
        self._pace = pace

    async def request(self, *_: Any) -> ModelResponse:
        """Unused; the base class requires it."""
        raise NotImplementedError

    @asynccontextmanager
    async def request_stream(
        self, messages: Any, settings: Any, parameters: ModelRequestParameters, context: Any = None
    ) -> AsyncIterator[Words]:
        """Answer."""
        del messages, context
        _, parameters = self.prepare_request(settings, parameters)
        yield Words(parameters, *self._pace)


async def connect(how: str, told: str) -> Agent[None, str]:
    if how == "modelwire":
        from modelwire_pydantic_ai import ModelwireModel

        return Agent(ModelwireModel(f"amazon-bedrock/{MODEL}", config={}))
    if how == "itself":
        events, wait, seconds = told.split(",")
        return Agent(SpeakingModel(int(events), float(wait), float(seconds)))
    from pydantic_ai.models.bedrock import BedrockConverseModel
    from pydantic_ai.providers.bedrock import BedrockProvider

    if how == "threads":
        from anyio.to_thread import current_default_thread_limiter

        current_default_thread_limiter().total_tokens = int(told)
    return Agent(BedrockConverseModel(MODEL, provider=BedrockProvider(region_name=REGION)))


async def stream(agent: Agent[None, str], arrived: Callable[[str], object]) -> None:
    async with agent.run_stream("Hello") as run:
        async for text in run.stream_text(delta=True, debounce_by=None):
            arrived(text)
