"""The table of models that deviate from their service: switches of thinking, efforts, replay.

A row holds for the services that it names, or for every service where it names none. What no row says
is not known, and is left to the service's own row. `evidence` names a page or a report, `as_of` its
month; nothing here is from requests of our own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from attrs import frozen

from modelwire_openai.compat import Compat
from modelwire_openai.servers import Server

if TYPE_CHECKING:
    from modelwire.config import ProviderConfig
    from modelwire.models import Model

__all__ = ["MODELS", "ModelCompat", "compat_for"]


@frozen
class ModelCompat:
    """How some models deviate.

    Attributes:
        servers: The ids of the services; empty for all.
        pattern: The beginning of the models' ids, whatever their case.
        known: Fields of `Compat`.
        evidence: What that is known from.
        as_of: The month of the evidence.
    """

    servers: tuple[str, ...]
    pattern: str
    known: Mapping[str, Any]
    evidence: str
    as_of: str

    def holds_for(self, server_id: str | None, model_id: str) -> bool:
        """Whether a model of a service is one of these."""
        if self.servers and server_id not in self.servers:
            return False
        return re.match(self.pattern, model_id, re.IGNORECASE) is not None


def _efforts(*words: str, **more: Any) -> dict[str, Any]:
    return {"supports_reasoning_effort": True, "supported_reasoning_efforts": words, **more}


_ALWAYS = {"can_disable_thinking": False}
_ONE_EFFORT = dict.fromkeys(("minimal", "low", "medium", "high", "xhigh", "max"), "default")

# All rows that fit count, later ones over earlier ones.
MODELS: tuple[ModelCompat, ...] = (
    ModelCompat(
        ("groq",), "qwen/qwen3", {"reasoning_effort_map": {"off": "none", **_ONE_EFFORT}},
        "console.groq.com/docs/reasoning", "2026-06",
    ),
    ModelCompat(
        ("groq",), "openai/gpt-oss", _efforts("low", "medium", "high", **_ALWAYS),
        "console.groq.com/docs/reasoning", "2026-06",
    ),
    ModelCompat(
        ("xai",), r"grok-4\.3", _efforts("none", "low", "medium", "high"),
        "docs.x.ai: reasoning; vercel/ai, @ai-sdk/xai 4.0.0", "2026-06",
    ),
    ModelCompat(
        ("xai",), r"grok-4\.5", _efforts("low", "medium", "high", **_ALWAYS),
        "docs.x.ai: reasoning; anomalyco/opencode#39448", "2026-08",
    ),
    ModelCompat(
        ("xai",), "grok-3-mini", _efforts("low", "high", **_ALWAYS),
        "docs.x.ai: reasoning; anomalyco/opencode#39448", "2026-08",
    ),
    ModelCompat(
        ("mistral",), "mistral-(small-(latest|2603)|medium-3-5)", _efforts("none", "high"),
        "docs.mistral.ai: adjustable reasoning", "2026-06",
    ),
    ModelCompat(
        ("mistral",), "magistral", _ALWAYS,
        "docs.mistral.ai: native reasoning", "2026-06",
    ),
    ModelCompat(
        ("zai",), r"glm-5\.2", _efforts("minimal", "low", "medium", "high", "xhigh", "max"),
        "docs.z.ai: reasoning_effort since GLM-5.2; nesquena/hermes-webui exp-v0.52.105", "2026-07",
    ),
    ModelCompat(
        ("zai",), r"glm-5\.3", _efforts("low", "high", "max", **_ALWAYS),
        "AIHubMix: GLM-5.3 API guide; NousResearch/hermes-agent#86433", "2026-08",
    ),
    ModelCompat(
        ("moonshot",), r"kimi-k2\.[56]", {"thinking_format": "deepseek"},
        "NousResearch/hermes-agent#55488 (at /v1); oai-compatible-copilot#140", "2026-06",
    ),
    ModelCompat(
        ("moonshot",), r"kimi-k2\.(6|7-code)", {"supports_required_tool_choice": False},
        "platform.kimi.ai: tool_choice, as quoted in lemon07r/opencode-kimi-full#11", "2026-08",
    ),
    ModelCompat(
        ("moonshot",), r"kimi-k2\.7-code", _ALWAYS,
        "platform.kimi.ai: thinking models; AgentFlocks/flocks#620", "2026-07",
    ),
    ModelCompat(
        ("moonshot", "kimi-coding"), r"(kimi-)?k3(?!-fast)", _efforts("low", "high", "max", **_ALWAYS),
        "platform.kimi.ai: reasoning effort; huggingface/tau#560; anomalyco/models.dev#4721", "2026-08",
    ),
    ModelCompat(
        ("moonshot",), "kimi-k2-thinking", _ALWAYS,
        "Moonshot: Kimi K2 Thinking", "2025-11",
    ),
    ModelCompat(
        (), "(.*/)?minimax-m[2-9]", {"requires_thinking_in_tags": True},
        "platform.minimax.io: text-openai-api", "2026-06",
    ),
    ModelCompat(
        ("minimax",), "minimax-m2", _ALWAYS,
        "agentscope-java: MiniMax model; MiniMax-M2 thinks whatever is requested", "2026-09",
    ),
    ModelCompat(
        ("minimax",), "minimax-m3", {"thinking_format": "minimax"},
        "agentscope-java: MiniMax model", "2026-09",
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
    for row in _rows_of(None if server is None else server.id, model.id):
        compat = compat.overridden(row.known)
    for settings in (provider.extra.get("compat"), model.extra.get("compat")):
        if isinstance(settings, Mapping):
            compat = compat.overridden(settings)
    return compat


@lru_cache(maxsize=512)
def _rows_of(server_id: str | None, model_id: str) -> tuple[ModelCompat, ...]:
    return tuple(row for row in MODELS if row.holds_for(server_id, model_id))
