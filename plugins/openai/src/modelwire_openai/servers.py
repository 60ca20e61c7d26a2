"""The table of known services and servers: address, key variable, deviations.

A row is all that a service needs; each id is also claimed in `pyproject.toml`. `evidence` says how
well the deviations are known: `recorded` in real traffic, from the `reference` implementation,
`documented` by the service itself, or `hearsay`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from attrs import frozen

from modelwire_openai.compat import Compat

if TYPE_CHECKING:
    from modelwire.config import ProviderConfig
    from modelwire.models import Model

__all__ = ["COMPLETIONS", "RESPONSES", "SERVERS", "Server", "compat_for", "server_at", "server_of"]

COMPLETIONS = "openai-completions"
RESPONSES = "openai-responses"


@frozen
class Server:
    """One service, or one kind of server.

    Attributes:
        id: The provider's id.
        base_url: Where it is, if the user says nothing else.
        key_variables: The environment variables that may hold the key, the first that is set counts.
        compat: How it deviates from OpenAI.
        api: The API that is spoken, if the user says nothing else.
        local: Whether it runs on the user's own machine and needs no key.
        price_id: What the package `genai-prices` calls it, or `None` where it does not know it.
        evidence: How well the deviations are known.
    """

    id: str
    base_url: str
    key_variables: tuple[str, ...]
    compat: Compat
    api: str = COMPLETIONS
    local: bool = False
    price_id: str | None = None
    evidence: Literal["recorded", "reference", "documented", "hearsay"] = "documented"


def _foreign(
    *,
    supports_reasoning_effort: bool = True,
    max_tokens_field: Literal["max_completion_tokens", "max_tokens"] = "max_tokens",
    **deviations: object,
) -> Compat:
    """What holds for everybody but OpenAI: no store, no developer role, no cache key, no strict."""
    return Compat().overridden({
        "supports_store": False,
        "supports_developer_role": False,
        "supports_strict_mode": False,
        "supports_prompt_cache_key": False,
        "supports_long_cache_retention": False,
        "accepts_files": False,
        "supports_reasoning_effort": supports_reasoning_effort,
        "max_tokens_field": max_tokens_field,
        **deviations,
    })  # fmt: skip


FOREIGN = _foreign(think_tags=True, sends_empty_tools=True, requires_string_content=True)
"""For a service that nothing is known about."""

_LOCAL = _foreign(think_tags=True, requires_string_content=True, supports_reasoning_effort=False)

SERVERS: tuple[Server, ...] = (
    Server(
        "openai", "https://api.openai.com/v1", ("OPENAI_API_KEY",), Compat(),
        api=RESPONSES, price_id="openai", evidence="recorded",
    ),
    # Servers of one's own. vLLM and llama.cpp were recorded; Ollama and LM Studio were not.
    Server(
        "ollama", "http://localhost:11434/v1", ("OLLAMA_API_KEY",),
        _foreign(think_tags=True, requires_string_content=True),
        local=True,
    ),
    Server("lmstudio", "http://localhost:1234/v1", ("LMSTUDIO_API_KEY",), _LOCAL, local=True),
    Server("vllm", "http://localhost:8000/v1", ("VLLM_API_KEY",), _LOCAL, local=True, evidence="recorded"),
    Server(
        "llamacpp", "http://localhost:8080/v1", ("LLAMACPP_API_KEY",),
        _foreign(
            think_tags=True, supports_reasoning_effort=False, thinking_format="qwen-chat-template",
            supports_named_tool_choice=False,
        ),
        local=True, evidence="recorded",
    ),
    # Gateways to many vendors.
    Server(
        "openrouter", "https://openrouter.ai/api/v1", ("OPENROUTER_API_KEY",),
        _foreign(
            thinking_format="openrouter", accepts_files=True, think_tags=True,
            sends_empty_tools=True,
        ),
        price_id="openrouter", evidence="recorded",
    ),
    Server(
        "vercel-ai-gateway", "https://ai-gateway.vercel.sh/v1", ("AI_GATEWAY_API_KEY",),
        _foreign(think_tags=True, sends_empty_tools=True),
        evidence="reference",
    ),
    Server(
        "huggingface", "https://router.huggingface.co/v1", ("HF_TOKEN",), _foreign(think_tags=True),
        evidence="recorded",
    ),
    # Makers of models, and hosts of open ones.
    Server(
        "groq", "https://api.groq.com/openai/v1", ("GROQ_API_KEY",),
        _foreign(max_tokens_field="max_completion_tokens", think_tags=True),
        price_id="groq", evidence="recorded",
    ),
    Server(
        "together", "https://api.together.xyz/v1", ("TOGETHER_API_KEY",),
        _foreign(thinking_format="together", think_tags=True),
        price_id="together", evidence="reference",
    ),
    Server(
        "deepseek", "https://api.deepseek.com", ("DEEPSEEK_API_KEY",),
        _foreign(
            thinking_format="deepseek", requires_reasoning_content_on_assistant_messages=True,
            supports_json_schema_response_format=False, supports_reasoning_effort=False,
            accepts_audio=False,
        ),
        price_id="deepseek", evidence="recorded",
    ),
    Server(
        "mistral", "https://api.mistral.ai/v1", ("MISTRAL_API_KEY",),
        _foreign(
            requires_tool_result_name=True, supports_reasoning_effort=False, strict_message_keys=True,
            requires_mistral_tool_ids=True,
        ),
        price_id="mistral", evidence="hearsay",
    ),
    Server(
        "xai", "https://api.x.ai/v1", ("XAI_API_KEY",),
        _foreign(supports_reasoning_effort=False, max_tokens_field="max_completion_tokens"),
        price_id="x-ai", evidence="reference",
    ),
    Server(
        "cerebras", "https://api.cerebras.ai/v1", ("CEREBRAS_API_KEY",),
        _foreign(max_tokens_field="max_completion_tokens", think_tags=True),
        price_id="cerebras", evidence="reference",
    ),
    Server(
        "fireworks", "https://api.fireworks.ai/inference/v1", ("FIREWORKS_API_KEY",),
        _foreign(think_tags=True),
        price_id="fireworks",
    ),
    Server(
        "deepinfra", "https://api.deepinfra.com/v1/openai", ("DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN"),
        _foreign(think_tags=True),
        price_id="deepinfra", evidence="hearsay",
    ),
    Server(
        "perplexity", "https://api.perplexity.ai", ("PERPLEXITY_API_KEY",), _foreign(think_tags=True),
        price_id="perplexity", evidence="hearsay",
    ),
    Server(
        "zai", "https://api.z.ai/api/paas/v4", ("ZAI_API_KEY",),
        _foreign(
            thinking_format="zai", supports_reasoning_effort=False,
            supports_json_schema_response_format=False,
        ),
        price_id="zai", evidence="reference",
    ),
    Server(
        "moonshot", "https://api.moonshot.ai/v1", ("MOONSHOT_API_KEY",),
        _foreign(requires_string_content=True, supports_reasoning_effort=False),
        price_id="moonshotai", evidence="reference",
    ),
    Server(
        "nvidia", "https://integrate.api.nvidia.com/v1", ("NVIDIA_API_KEY",),
        _foreign(think_tags=True),
        evidence="hearsay",
    ),
)  # fmt: skip

_BY_ID = {server.id: server for server in SERVERS}
_BY_HOST = {urlsplit(server.base_url).hostname: server for server in SERVERS if not server.local}


def server_of(provider_id: str) -> Server | None:
    """The row of a provider's id, or `None` for one of the user's own."""
    return _BY_ID.get(provider_id)


def server_at(base_url: str) -> Server | None:
    """The service that answers at an address, or `None` where that is not known."""
    try:
        return _BY_HOST.get(urlsplit(base_url).hostname)
    except ValueError:
        return None


_ONE_EFFORT = dict.fromkeys(("minimal", "low", "medium", "high", "xhigh", "max"), "default")

_MODEL_COMPAT: tuple[tuple[str, re.Pattern[str], Mapping[str, Any]], ...] = (
    # From the reference.
    (
        "groq", re.compile(r"qwen/qwen3"),
        {"reasoning_effort_map": {"off": "none", **_ONE_EFFORT}},
    ),
)  # fmt: skip


def compat_for(
    server: Server | None, compat: Compat, provider: ProviderConfig, model: Model
) -> Compat:
    """How a service deviates for one model.

    What the configuration says in the model's `compat` block comes before the provider's, and that
    before what is known here.

    Args:
        server: The service, if it is a known one.
        compat: How it deviates in general.
        provider: The provider's configuration.
        model: The model.
    """
    for server_id, pattern, known in _MODEL_COMPAT:
        if server is not None and server.id == server_id and pattern.match(model.id):
            compat = compat.overridden(known)
    for settings in (provider.extra.get("compat"), model.extra.get("compat")):
        if isinstance(settings, Mapping):
            compat = compat.overridden(settings)
    return compat
