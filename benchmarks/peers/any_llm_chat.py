"""any-llm reading Chat Completions, through the openai package."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from any_llm import AnyLLM

from peers.any_llm import read

PACKAGES = ["any-llm-sdk", "openai"]


def connect() -> Any:
    base_url = f"{os.environ['AWS_ENDPOINT_URL_BEDROCK_RUNTIME']}/v1"
    return AnyLLM.create("openai", api_key="none", api_base=base_url)


async def stream(client: Any, arrived: Callable[[str], object]) -> None:
    await read(client, "gpt-4o-mini", arrived)
