"""A chat model of LangChain: on boto3, on modelwire, or LangChain's own that answers by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from peers.question import MODEL, REGION

PACKAGES = ["langchain-core", "langchain-aws", "boto3", "modelwire-langchain"]


async def connect(how: str, told: str) -> Any:
    if how == "modelwire":
        from modelwire_langchain import ChatModelwire

        return ChatModelwire(model=f"amazon-bedrock/{MODEL}", config={})
    if how == "itself":
        events, wait, seconds = told.split(",")
        return _speaking("x" * int(events), float(wait), float(seconds))
    from botocore.config import Config
    from langchain_aws import ChatBedrockConverse

    if how == "threads":
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(int(told)))
    config = Config(max_pool_connections=2048)
    return ChatBedrockConverse(model=MODEL, region_name=REGION, config=config)


def _speaking(said: str, wait: float, seconds: float) -> Any:
    """LangChain's model for tests, which says a character at a time."""
    from langchain_core.language_models.fake_chat_models import FakeListChatModel

    class SpeakingModel(FakeListChatModel):
        async def _astream(self, *arguments: Any, **named: Any) -> AsyncIterator[Any]:
            await asyncio.sleep(wait)
            async for chunk in super()._astream(*arguments, **named):
                yield chunk

    return SpeakingModel(responses=[said], sleep=seconds or None)


async def stream(model: Any, arrived: Callable[[str], object]) -> None:
    async for chunk in model.astream("Hello"):
        if text := chunk.text:
            arrived(text)
