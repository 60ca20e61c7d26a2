"""Attributes of the GenAI semantic conventions, for requests, answers and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Cost, StopReason, Usage
    from modelwire.models import Model
    from modelwire_otel.conventions import Conventions

__all__ = [
    "Attributes",
    "cost",
    "finish_reason",
    "identity",
    "provider_name",
    "request",
    "server",
    "usage",
]

Attributes = dict[str, str | int | float | bool | list[str]]

# The conventions' own names of providers; every other provider keeps its id.
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
_PARAMS = (("top_k", "gen_ai.request.top_k"), ("seed", "gen_ai.request.seed"))


def provider_name(provider: str, api: str | None, conventions: Conventions) -> str:
    """`gen_ai.provider.name` for a provider."""
    known = _BY_API.get(api or "") or conventions.providers.get(provider)
    return known or _BY_PROVIDER.get(provider, provider)


def identity(
    model: Model, base_url: str | None, conventions: Conventions, operation: str = "chat"
) -> Attributes:
    """The attributes that spans and metrics share.

    Args:
        model: The model.
        base_url: Where it is reached, if that is known.
        conventions: The release of the conventions.
        operation: The operation, as the conventions call it.
    """
    return {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": provider_name(model.provider, model.api, conventions),
        "gen_ai.request.model": model.id,
        **server(base_url),
    }


def server(url: str | None) -> Attributes:
    """The host and the port of a URL."""
    parts = urlsplit(url or "")
    if not parts.hostname:
        return {}
    found: Attributes = {"server.address": parts.hostname}
    port = _port_of(url or "") or _PORTS.get(parts.scheme)
    if port is not None:
        found["server.port"] = port
    return found


def request(options: CompletionOptions, conventions: Conventions) -> Attributes:
    """The attributes of a request."""
    values: dict[str, str | int | float | bool | list[str] | None] = {
        "gen_ai.request.stream": True,
        "gen_ai.request.max_tokens": options.max_tokens,
        "gen_ai.request.temperature": options.temperature,
        "gen_ai.request.top_p": options.top_p,
        "gen_ai.request.stop_sequences": list(options.stop) or None,
        "gen_ai.conversation.id": options.session_id,
        "gen_ai.output.type": "json" if options.response_schema is not None else None,
        conventions.reasoning_level: options.reasoning,
    }
    for name, attribute in _PARAMS:
        value = options.params.get(name)
        values[attribute] = value if type(value) is int else None
    return {name: value for name, value in values.items() if value is not None}


def usage(used: Usage, conventions: Conventions) -> Attributes:
    """The tokens that were used; those of the request include what caches held."""
    found: Attributes = {
        "gen_ai.usage.input_tokens": used.input + used.cache_read + used.cache_write,
        "gen_ai.usage.output_tokens": used.output,
        "gen_ai.usage.cache_read.input_tokens": used.cache_read,
        conventions.cache_write: used.cache_write,
    }
    if used.reasoning is not None:
        found["gen_ai.usage.reasoning.output_tokens"] = used.reasoning
    return found


def cost(known: Cost | None) -> Attributes:
    """The cost in USD, where the prices of the model are known; the conventions have no word for it."""
    return {} if known is None else {"modelwire.usage.cost_usd": known.total}


def finish_reason(reason: StopReason) -> str:
    """The conventions' word for why an answer ended."""
    return _FINISH.get(reason, "error")


def _port_of(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None
