"""Discovery of models: `GET /models`, and the facts that each service adds there."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelwire.errors import MalformedResponse, ProviderError
from modelwire.models import InputKind, Model, ModelList, OutputKind, Prices
from modelwire_openai.account import Account, default_api, resolve_account
from modelwire_openai.addresses import is_loopback
from modelwire_openai.client import fetch_json
from modelwire_openai.models import openai_model
from modelwire_openai.prices import with_prices

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import DiscoverySettings
    from modelwire.transport import Deadlines, Transport

__all__ = ["can_chat", "discover", "list_models", "makes_embeddings", "model_of"]

_NOT_FOR_CHAT = re.compile(
    r"embed|bge-|rerank|whisper|transcribe|tts|dall-e|gpt-image|chatgpt-image|stable-diffusion"
    r"|flux|moderation|omni-moderation|guard-?(\d|$)|realtime|sora|davinci-002|babbage-002"
    r"|-instruct-0914|gpt-3\.5-turbo-instruct|computer-use|deep-research|voxtral.*transcribe|orpheus",
    re.IGNORECASE,
)
_CHAT_TYPES = frozenset(
    {"chat", "language", "code", "model", "llm", "vlm", "base", "completion", ""}
)
_EMBEDDING_TYPES = frozenset({"embedding", "embeddings"})
_EMBEDDING_ID = re.compile(r"embed", re.IGNORECASE)
_CONTEXT = ("context_length", "context_window", "max_context_length", "max_model_len")
_ANSWER = ("max_completion_tokens", "max_output_tokens")
_INPUTS: Mapping[str, InputKind] = {
    "text": "text", "image": "image", "file": "document", "audio": "audio", "video": "video",
}  # fmt: skip
_PER_MILLION = 1_000_000


def can_chat(entry: Mapping[str, Any]) -> bool:
    """Whether a listed model is a chat model, by its description or its id."""
    capabilities = _object(entry.get("capabilities"))
    for flag in (
        capabilities.get("completion_chat"),
        entry.get("supports_chat"),
        entry.get("active"),
    ):
        if flag is False:
            return False
    outputs = _object(entry.get("architecture")).get("output_modalities")
    if isinstance(outputs, list) and outputs and "text" not in outputs:
        return False
    kind = entry.get("type")
    if isinstance(kind, str) and kind.lower() not in _CHAT_TYPES:
        return False
    return _NOT_FOR_CHAT.search(entry["id"]) is None


def makes_embeddings(entry: Mapping[str, Any]) -> bool:
    """Whether a listed model makes embeddings, by its description or its id."""
    if entry.get("active") is False:
        return False
    outputs = _object(entry.get("architecture")).get("output_modalities")
    if isinstance(outputs, list) and outputs:
        return "embeddings" in outputs
    kind = entry.get("type")
    if isinstance(kind, str) and kind:
        return kind.lower() in _EMBEDDING_TYPES
    return _EMBEDDING_ID.search(entry["id"]) is not None


def model_of(entry: Mapping[str, Any], provider: str, *, api: str, local: bool | None) -> Model:
    """Make a model of an entry; what it does not say is unknown."""
    model_id = entry["id"]
    meta, top = _object(entry.get("meta")), _object(entry.get("top_provider"))
    metadata = _object(entry.get("metadata"))
    known = openai_model(model_id) if provider == "openai" else None
    name = entry.get("name") or entry.get("display_name")
    return Model(
        provider=provider,
        id=model_id,
        name=name if isinstance(name, str) and name.strip() else model_id,
        api=api,
        reasoning=_reasoning(entry) if known is None else known.reasoning,
        input=_inputs(entry) or (_known_inputs(known.images) if known else None),
        output=_outputs(entry, known=known is not None),
        tools=_tools(entry),
        local=local,
        prices=_prices(entry),
        context_window=_first_count(entry, _CONTEXT)
        or _count(meta.get("n_ctx"))
        or _count(metadata.get("context_length")),
        max_tokens=_first_count(entry, _ANSWER)
        or _first_count(top, _ANSWER)
        or _count(metadata.get("max_tokens")),
    )


def _reasoning(entry: Mapping[str, Any]) -> bool | None:
    parameters = entry.get("supported_parameters")
    if isinstance(parameters, list) and parameters:
        return "reasoning" in parameters
    return _flag(_object(entry.get("capabilities")).get("reasoning"))


def _tools(entry: Mapping[str, Any]) -> bool | None:
    parameters = entry.get("supported_parameters")
    if isinstance(parameters, list) and parameters:
        return "tools" in parameters
    calling = _object(entry.get("capabilities")).get("function_calling")
    return _flag(entry.get("supports_tools")) if calling is None else _flag(calling)


def _inputs(entry: Mapping[str, Any]) -> tuple[InputKind, ...] | None:
    listed = _object(entry.get("architecture")).get("input_modalities")
    if isinstance(listed, list):
        kinds = dict.fromkeys(_INPUTS[kind] for kind in listed if kind in _INPUTS)
        return tuple(kinds) or None
    vision = _flag(_object(entry.get("capabilities")).get("vision"))
    if vision is None:
        vision = _flag(entry.get("supports_image_input"))
    return _known_inputs(vision)


def _outputs(entry: Mapping[str, Any], *, known: bool) -> tuple[OutputKind, ...] | None:
    """The outputs of a model: embeddings, or text for a known or listed one; `None` is unknown."""
    if makes_embeddings(entry):
        return ("embedding",)
    outputs = _object(entry.get("architecture")).get("output_modalities")
    has_text = isinstance(outputs, list) and "text" in outputs
    return ("text",) if has_text or known else None


def _known_inputs(images: bool | None) -> tuple[InputKind, ...] | None:
    if images is None:
        return None
    # OpenAI's models that see also read documents, page by page.
    return ("text", "image", "document") if images else ("text",)


def _prices(entry: Mapping[str, Any]) -> Prices | None:
    """OpenRouter's prices, which are texts in USD per token."""
    pricing = _object(entry.get("pricing"))
    if "prompt" not in pricing:
        return None
    return Prices(
        input=_price(pricing.get("prompt")),
        output=_price(pricing.get("completion")),
        cache_read=_price(pricing.get("input_cache_read")),
        cache_write=_price(pricing.get("input_cache_write")),
    )


def _price(value: Any) -> float | None:
    try:
        price = float(value)
    except (TypeError, ValueError):
        return None
    # A negative price says that it depends on the model that the gateway chooses.
    return round(price * _PER_MILLION, 9) if 0 <= price < math.inf else None


def _first_count(entry: Mapping[str, Any], keys: tuple[str, ...]) -> int | None:
    return next((count for key in keys if (count := _count(entry.get(key)))), None)


def _count(value: Any) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return value if whole else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


_NO_ROUTE = frozenset({404, 405, 501})


async def discover(
    provider: ProviderConfig, settings: DiscoverySettings, config: Config, transport: Transport
) -> ModelList:
    """List the models that a service offers for conversations and for embeddings.

    A service without the route offers none here; its models can still be named. Where the service
    says that it has more models than it listed, the result is incomplete.

    Args:
        provider: The provider's configuration.
        settings: The discovery settings; `all: true` leaves the filter out.
        config: The whole configuration.
        transport: What carries the request.

    Raises:
        ConfigError: A setting is not valid.
        ProviderError: The service cannot be reached, or refused.
    """
    account = resolve_account(provider, config)
    api = provider.api or default_api(provider, config)
    local = is_loopback(account.address.host)
    price_id = account.server.price_id if account.server else None
    everything = settings.values.get("all") is True
    listed, more = await list_models(account, transport)
    entries = [
        entry for entry in listed if everything or can_chat(entry) or makes_embeddings(entry)
    ]
    from asyncio import to_thread

    def models() -> list[Model]:
        return [
            with_prices(model_of(entry, provider.id, api=api, local=local or None), price_id)
            for entry in entries
        ]

    # Prices come from a package that is slow to import.
    reason = ("The service has more models than it lists on one page.",) if more else ()
    return ModelList(await to_thread(models), reason)


async def list_models(
    account: Account, transport: Transport, *, deadlines: Deadlines | None = None
) -> tuple[Sequence[Mapping[str, Any]], bool]:
    """Get the list of models, empty where a service has none, and whether there are more.

    Raises:
        ProviderError: The service cannot be reached, or refused.
    """
    try:
        answer = await fetch_json(account, "models", transport=transport, deadlines=deadlines)
    except ProviderError as error:
        if error.status in _NO_ROUTE:
            return (), False
        raise
    # Together answers with the bare list.
    entries = answer.get("data") if isinstance(answer, Mapping) else answer
    if not isinstance(entries, list):
        msg = "The list of models is not a list."
        raise MalformedResponse(msg, provider=account.provider, retryable=False)
    found = {
        entry["id"]: entry
        for entry in entries
        if isinstance(entry, Mapping) and isinstance(entry.get("id"), str) and entry["id"].strip()
    }
    # The route has no parameter for a next page.
    more = isinstance(answer, Mapping) and answer.get("has_more") is True
    return list(found.values()), more
