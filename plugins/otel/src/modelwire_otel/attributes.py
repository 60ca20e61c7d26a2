"""Attributes of the GenAI semantic conventions.

The names are those of https://opentelemetry.io/docs/specs/semconv/gen-ai/ (status: development),
release 1.40. They stand here as text, since the package of constants changes with every release.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import StopReason, Usage
    from modelwire.models import Model

__all__ = ["Attributes", "finish_reason", "identity", "provider_name", "request", "usage"]

Attributes = dict[str, str | int | float | bool | list[str]]

# The conventions' own words for providers; every other provider keeps its id.
_BY_API = {"bedrock-converse-stream": "aws.bedrock"}
_BY_PROVIDER = {
    "amazon-bedrock": "aws.bedrock",
    "azure-openai": "azure.ai.openai",
    "google": "gcp.gemini",
    "google-vertex": "gcp.vertex_ai",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}
_PORTS = {"http": 80, "https": 443}
_FINISH = {"stop": "stop", "length": "length", "toolUse": "tool_call"}


def provider_name(model: Model) -> str:
    """`gen_ai.provider.name` for a model."""
    return _BY_API.get(model.api or "") or _BY_PROVIDER.get(model.provider, model.provider)


def identity(model: Model, base_url: str | None, operation: str = "chat") -> Attributes:
    """The attributes that spans and metrics share.

    Args:
        model: The model.
        base_url: Where it is reached, if that is known.
        operation: What it is asked for, as the conventions call it.
    """
    found: Attributes = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": provider_name(model),
        "gen_ai.request.model": model.id,
    }
    url = urlsplit(base_url or "")
    if url.hostname:
        found["server.address"] = url.hostname
        port = _port_of(base_url or "") or _PORTS.get(url.scheme)
        if port is not None:
            found["server.port"] = port
    return found


def request(options: CompletionOptions) -> Attributes:
    """What was asked of the answer."""
    asked: dict[str, str | int | float | bool | list[str] | None] = {
        "gen_ai.request.stream": True,
        "gen_ai.request.max_tokens": options.max_tokens,
        "gen_ai.request.temperature": options.temperature,
        "gen_ai.request.top_p": options.top_p,
        "gen_ai.request.stop_sequences": list(options.stop) or None,
        "gen_ai.conversation.id": options.session_id,
        "gen_ai.output.type": "json" if options.response_schema is not None else None,
    }
    return {name: value for name, value in asked.items() if value is not None}


def usage(used: Usage) -> Attributes:
    """The tokens that were used; those of the request include what caches held."""
    found: Attributes = {
        "gen_ai.usage.input_tokens": used.input + used.cache_read + used.cache_write,
        "gen_ai.usage.output_tokens": used.output,
        "gen_ai.usage.cache_read.input_tokens": used.cache_read,
        "gen_ai.usage.cache_creation.input_tokens": used.cache_write,
    }
    if used.reasoning is not None:
        found["gen_ai.usage.reasoning.output_tokens"] = used.reasoning
    return found


def finish_reason(reason: StopReason) -> str:
    """The conventions' word for why an answer ended."""
    return _FINISH.get(reason, "error")


def _port_of(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None
