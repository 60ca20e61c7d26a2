"""litellm reading Chat Completions, through the openai package."""

from __future__ import annotations

import os
from collections.abc import Callable

from peers.litellm import connect, read

__all__ = ["PACKAGES", "connect", "stream"]

PACKAGES = ["litellm", "openai"]


async def stream(_: None, arrived: Callable[[str], object]) -> None:
    base_url = f"{os.environ['AWS_ENDPOINT_URL_BEDROCK_RUNTIME']}/v1"
    await read("openai/gpt-4o-mini", arrived, api_base=base_url, api_key="none")
