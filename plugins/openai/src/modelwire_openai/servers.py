"""The table of known services and servers: address, key variable, deviations.

A row is all that a service needs; the ids of `SERVERS` are also claimed in `pyproject.toml`, while those
of `ELSEWHERE` are known by their hosts only. `evidence` says how well the deviations are known:
`recorded` in real traffic, `documented` by the service itself, `reported` by other users, or
`unknown`; `source` names the page or the report, and `as_of` its month. What deviates for single
models is in `model_compat.py`.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

from attrs import frozen

from modelwire_openai.compat import Compat

__all__ = [
    "COMPLETIONS",
    "ELSEWHERE",
    "OLLAMA",
    "RESPONSES",
    "SERVERS",
    "Server",
    "server_at",
    "server_of",
]

COMPLETIONS = "openai-completions"
RESPONSES = "openai-responses"
OLLAMA = "ollama"
"""Ollama's own API, by the name that OpenClaw has for it. It is spoken as Chat Completions, which the
same server has at `/v1`."""


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
        hosts: Further hosts where it is, as those of regions and plans; `*` matches any
            characters.
        evidence: How well the deviations are known.
        source: What they are known from.
        as_of: The month of the source.
    """

    id: str
    base_url: str
    key_variables: tuple[str, ...]
    compat: Compat
    api: str = COMPLETIONS
    local: bool = False
    price_id: str | None = None
    hosts: tuple[str, ...] = ()
    evidence: Literal["recorded", "documented", "reported", "unknown"] = "documented"
    source: str = ""
    as_of: str = ""


def _foreign(
    *,
    supports_reasoning_effort: bool = True,
    max_tokens_field: Literal["max_completion_tokens", "max_tokens"] = "max_tokens",
    **deviations: object,
) -> Compat:
    """The common deviations from OpenAI: no store, no developer role, no cache key, no strict."""
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
    # Self-hosted servers. vLLM and llama.cpp were recorded; Ollama and LM Studio were not.
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
        evidence="unknown",
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
        price_id="together", evidence="unknown",
    ),
    Server(
        "deepseek", "https://api.deepseek.com", ("DEEPSEEK_API_KEY",),
        _foreign(
            thinking_format="deepseek", requires_reasoning_content_on_assistant_messages=True,
            supports_json_schema_response_format=False, accepts_audio=False,
            supported_reasoning_efforts=("low", "high", "max"),
            reasoning_effort_map={"minimal": "low", "medium": "high", "xhigh": "high"},
        ),
        price_id="deepseek", evidence="recorded", source="api-docs.deepseek.com: thinking mode", as_of="2026-10",
    ),
    Server(
        "mistral", "https://api.mistral.ai/v1", ("MISTRAL_API_KEY",),
        _foreign(
            requires_tool_result_name=True, supports_reasoning_effort=False, strict_message_keys=True,
            requires_mistral_tool_ids=True,
        ),
        price_id="mistral", evidence="reported", source="NousResearch/hermes-agent#11243", as_of="2026-04",
    ),
    Server(
        "xai", "https://api.x.ai/v1", ("XAI_API_KEY",),
        _foreign(supports_reasoning_effort=False, max_tokens_field="max_completion_tokens"),
        price_id="x-ai", source="docs.x.ai: reasoning", as_of="2026-06",
    ),
    Server(
        "cerebras", "https://api.cerebras.ai/v1", ("CEREBRAS_API_KEY",),
        _foreign(max_tokens_field="max_completion_tokens", think_tags=True),
        price_id="cerebras", source="inference-docs.cerebras.ai: reasoning", as_of="2026-06",
    ),
    Server(
        "fireworks", "https://api.fireworks.ai/inference/v1", ("FIREWORKS_API_KEY",),
        _foreign(think_tags=True),
        price_id="fireworks",
    ),
    Server(
        "deepinfra", "https://api.deepinfra.com/v1/openai", ("DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN"),
        _foreign(think_tags=True),
        price_id="deepinfra", evidence="unknown",
    ),
    Server(
        "perplexity", "https://api.perplexity.ai", ("PERPLEXITY_API_KEY",), _foreign(think_tags=True),
        price_id="perplexity", evidence="unknown",
    ),
    Server(
        "zai", "https://api.z.ai/api/paas/v4", ("ZAI_API_KEY",),
        _foreign(
            thinking_format="zai", supports_reasoning_effort=False,
            supports_json_schema_response_format=False, supports_required_tool_choice=False,
        ),
        price_id="zai", hosts=("open.bigmodel.cn",),
        source="docs.z.ai: thinking mode; agentscope-java: GLM model (tool_choice)", as_of="2026-09",
    ),
    Server(
        "moonshot", "https://api.moonshot.ai/v1", ("MOONSHOT_API_KEY",),
        _foreign(
            requires_string_content=True, supports_reasoning_effort=False,
            requires_reasoning_content_on_assistant_messages=True,
        ),
        price_id="moonshotai", hosts=("api.moonshot.cn",),
        evidence="reported", source="QuantumNous/new-api#3121; anomalyco/opencode#16318", as_of="2026-03",
    ),
    Server(
        "nvidia", "https://integrate.api.nvidia.com/v1", ("NVIDIA_API_KEY",),
        _foreign(think_tags=True),
        evidence="unknown",
    ),
)  # fmt: skip

ELSEWHERE: tuple[Server, ...] = (
    Server(
        "minimax", "https://api.minimax.io/v1", ("MINIMAX_API_KEY",),
        _foreign(
            max_tokens_field="max_completion_tokens", think_tags=True, requires_thinking_in_tags=True,
            supports_reasoning_effort=False,
        ),
        hosts=("api.minimaxi.com",), price_id="minimax",
        source="platform.minimax.io: text-openai-api; agentscope-java: MiniMax model", as_of="2026-09",
    ),
    Server(
        "qwen", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", ("DASHSCOPE_API_KEY",),
        _foreign(thinking_format="qwen", supports_reasoning_effort=False, think_tags=True),
        hosts=("dashscope.aliyuncs.com", "dashscope-us.aliyuncs.com", "*.maas.aliyuncs.com"),
        source="alibabacloud.com: Model Studio, deep thinking, base URL overview", as_of="2026-07",
    ),
    # The coding plan always thinks: "only type=enabled is allowed for this model".
    Server(
        "kimi-coding", "https://api.kimi.com/coding/v1", ("KIMI_API_KEY",),
        _foreign(
            requires_string_content=True, supports_reasoning_effort=False, can_disable_thinking=False,
            requires_reasoning_content_on_assistant_messages=True,
        ),
        evidence="reported", source="NousResearch/hermes-agent#55488", as_of="2026-06",
    ),
    Server(
        "google", "https://generativelanguage.googleapis.com/v1beta/openai", ("GEMINI_API_KEY",),
        _foreign(think_tags=True),
        price_id="google", source="ai.google.dev: OpenAI compatibility", as_of="2026-06",
    ),
    # gpt-oss begins its answers with <reasoning> there.
    Server(
        "amazon-bedrock", "https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1",
        ("AWS_BEARER_TOKEN_BEDROCK",),
        _foreign(think_tags=True, sends_empty_tools=True, requires_string_content=True),
        hosts=(
            "bedrock-runtime*.amazonaws.com", "bedrock-runtime*.amazonaws.com.cn", "bedrock-mantle*.api.aws",
        ),
        evidence="reported", source="CherryHQ/cherry-studio#10225; promptfoo/promptfoo#9587", as_of="2026-06",
    ),
)  # fmt: skip
"""Services that are known by their hosts, whatever the provider is called."""

_BY_ID = {server.id: server for server in SERVERS}
_BY_HOST = {
    urlsplit(server.base_url).hostname: server
    for server in (*SERVERS, *ELSEWHERE)
    if not server.local
}
_PATTERNS = [(pattern, server) for server in (*SERVERS, *ELSEWHERE) for pattern in server.hosts]


def server_of(provider_id: str) -> Server | None:
    """The row of a provider's id, or `None` for a custom one."""
    return _BY_ID.get(provider_id)


@lru_cache(maxsize=256)
def server_at(base_url: str) -> Server | None:
    """The service that answers at an address, or `None` where it is not known."""
    try:
        host = urlsplit(base_url).hostname or ""
    except ValueError:
        return None
    matches = (server for pattern, server in _PATTERNS if fnmatchcase(host, pattern))
    return _BY_HOST.get(host) or next(matches, None)
