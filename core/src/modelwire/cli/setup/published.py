"""The plugins of this project, so that one that is missing can be named.

Nothing but their names stands here; what they know comes from them, once they are installed.
"""

from __future__ import annotations

from attrs import frozen

__all__ = ["PUBLISHED", "Published"]


@frozen
class Published:
    """A plugin that can be installed.

    Attributes:
        distribution: The package's name.
        title: What a user has who needs it.
        providers: Ids and aliases of its providers.
    """

    distribution: str
    title: str
    providers: frozenset[str]


PUBLISHED = (
    Published(
        "modelwire-anthropic",
        "Anthropic: an API key for Claude",
        frozenset({"anthropic", "claude"}),
    ),
    Published(
        "modelwire-bedrock",
        "AWS: Amazon Bedrock",
        frozenset({"amazon-bedrock", "aws", "aws-bedrock", "bedrock"}),
    ),
    Published(
        "modelwire-openai",
        "OpenAI, or a server of its API: Ollama, vLLM, llama.cpp, a gateway",
        frozenset({"groq", "llamacpp", "lmstudio", "ollama", "openai", "openrouter", "vllm"}),
    ),
    Published(
        "modelwire-local",
        "Nothing: a small model that runs on this computer",
        frozenset({"local", "small-model"}),
    ),
)
