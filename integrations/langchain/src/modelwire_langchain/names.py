"""Model names as LangChain writes them, and as modelwire does."""

from __future__ import annotations

import re

__all__ = ["model_reference"]

_PROVIDERS = {
    "azure_openai": "azure",
    "bedrock_converse": "amazon-bedrock",
    "mistralai": "mistral",
}
"""LangChain's names of providers that modelwire knows by another one."""


def model_reference(name: str) -> str:
    """A model's name as modelwire writes it, `provider/model-id`.

    LangChain's `init_chat_model` writes `provider:model-id`; of a slash and a colon, the first one
    in the name ends the provider.
    """
    found = re.match(r"([^/:]+):(?=.)", name)
    if found is None:
        return name
    provider = found[1]
    return f"{_PROVIDERS.get(provider, provider)}/{name[found.end() :]}"
