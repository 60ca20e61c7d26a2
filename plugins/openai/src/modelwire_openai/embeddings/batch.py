"""The batch: the texts of one request out, their vectors in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelwire import authoring
from modelwire.authoring import count_tokens, makes_no_embeddings, read_vectors
from modelwire.errors import InvalidRequest, MalformedResponse
from modelwire.hookspecs import EmbeddingBatch, EmbeddingLimits
from modelwire.messages import Usage
from modelwire_openai.account import Account, resolve_account
from modelwire_openai.client import json_api
from modelwire_openai.embeddings.request import build_request
from modelwire_openai.embeddings.services import EmbeddingService, service_of
from modelwire_openai.models import openai_model

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import EmbeddingOptions
    from modelwire.models import Model
    from modelwire.transport import Transport

__all__ = ["embed_texts", "limits_of"]

_ROUTE = "embeddings"

_PLACE = re.compile(r"\binput\[(\d{1,6})\]")
"""Where a refusal names a text, as OpenAI's: `Invalid 'input[1]': input cannot be an empty string.`"""


def limits_of(
    model: Model, options: EmbeddingOptions, provider: ProviderConfig, config: Config
) -> EmbeddingLimits:
    """How much one request may hold; the hook `embedding_limits`.

    Raises:
        ConfigError: A setting is not valid.
        InvalidRequest: It is a model of OpenAI that makes no embeddings.
    """
    _, service = _place(model, options, provider, config)
    if provider.id == "openai" and openai_model(model.id) is not None:
        raise makes_no_embeddings(model)
    return service.limits


async def embed_texts(
    model: Model,
    texts: Sequence[str],
    options: EmbeddingOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
) -> EmbeddingBatch:
    """Make a vector of each text with one request; the hook `embed`.

    `normalize` has no counterpart: OpenAI's vectors have the length 1, and other services do not say.

    Raises:
        ProviderError: The service refused or failed; `text_index` names a text that it refuses.
        ConfigError: A setting is not valid.
    """
    account, service = _place(model, options, provider, config)
    payload = build_request(model, texts, options, service)
    try:
        answer = await authoring.post_json(
            json_api(account),
            account.url(_ROUTE),
            payload,
            transport=transport,
            deadlines=options.deadlines,
            model=model.id,
        )
    except InvalidRequest as error:
        place = _PLACE.search(error.message)
        if place is not None and int(place[1]) < len(texts):
            error.text_index = int(place[1])
        raise
    vectors = read_vectors(
        _in_order(answer, model), texts=len(texts), provider=provider.id, model=model.id
    )
    return EmbeddingBatch(vectors, _usage(answer))


def _place(
    model: Model, options: EmbeddingOptions, provider: ProviderConfig, config: Config
) -> tuple[Account, EmbeddingService]:
    account = resolve_account(provider, config, model, options.params)
    return account, service_of(account.server, is_openai=account.is_openai)


def _in_order(answer: Any, model: Model) -> list[Any]:
    """The embeddings of an answer, in the order of the texts; a service may leave the places out."""
    entries = answer.get("data") if isinstance(answer, Mapping) else None
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise _malformed("The answer holds no list of embeddings.", model)
    places = [entry.get("index") for entry in entries]
    if any(place is not None for place in places):
        if any(type(place) is not int for place in places) or sorted(places) != [
            *range(len(entries))
        ]:
            raise _malformed("The answer does not say which text an embedding is of.", model)
        entries = sorted(entries, key=lambda entry: entry["index"])
    return [entry.get("embedding") for entry in entries]


def _usage(answer: Mapping[str, Any]) -> Usage | None:
    try:
        tokens = count_tokens(answer.get("usage"), "prompt_tokens")
    except ValueError:
        return None
    # Servers that count nothing say 0.
    return Usage(input=tokens) if tokens else None


def _malformed(text: str, model: Model) -> MalformedResponse:
    return MalformedResponse(text, provider=model.provider, model=model.id)
