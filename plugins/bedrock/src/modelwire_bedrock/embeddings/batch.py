"""The batch: the texts of one InvokeModel out, their vectors in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from modelwire.authoring import (
    count_tokens,
    encode_json,
    makes_no_embeddings,
    parse_json_or_none,
    read_vectors,
    with_cost,
)
from modelwire.errors import ContextOverflow, InvalidRequest, MalformedResponse, ProviderError
from modelwire.hookspecs import EmbeddingBatch, EmbeddingLimits
from modelwire.messages import Usage
from modelwire_bedrock.aws.clients import Clients, shared_clients
from modelwire_bedrock.aws.endpoints import Target, resolve_target
from modelwire_bedrock.aws.expired import with_fresh_credentials
from modelwire_bedrock.aws.runtime_requests import prepare_for_runtime
from modelwire_bedrock.aws.signing import transport_for
from modelwire_bedrock.converse.exchange import check_response
from modelwire_bedrock.converse.hints import hint_for
from modelwire_bedrock.converse.plan import base_model_of
from modelwire_bedrock.embeddings.families import EMBEDDING_FAMILIES, embedding_family
from modelwire_bedrock.embeddings.profiles import called_as, profile_after_refusal
from modelwire_bedrock.embeddings.request import build_body
from modelwire_bedrock.models.application_profiles import is_application_profile
from modelwire_bedrock.models.families import UNKNOWN, family_of
from modelwire_bedrock.models.prices import PRICED_SERVICE, priced_id
from modelwire_bedrock.settings import allows_global

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import EmbeddingOptions
    from modelwire.models import Model
    from modelwire.transport import Response, Transport
    from modelwire_bedrock.embeddings.families import EmbeddingFamily

__all__ = ["embed_texts", "limits_of"]

_JSON = "application/json"
_TOKENS = "x-amzn-bedrock-input-token-count"
"""The header field in which Bedrock counts the tokens of InvokeModel, for every model."""
_PLACE = re.compile(r"#/texts/(\d{1,6})\b")
"""Where a refusal names a text: `#/texts/0: expected maxLength: 2048, actual: 19882`."""


def limits_of(model: Model) -> EmbeddingLimits:
    """How much one request may hold; the hook `embedding_limits`.

    Raises:
        InvalidRequest: The model makes no embeddings, or none that are known here.
    """
    behind = model.extra.get("baseModel")
    base_model = behind if isinstance(behind, str) else None
    if base_model is None and is_application_profile(model.id):
        # Its ARN does not show which model answers; one text is within every limit.
        return EmbeddingLimits(texts=1)
    return EmbeddingLimits(texts=_family_of(model, base_model).texts)


async def embed_texts(
    model: Model,
    texts: Sequence[str],
    options: EmbeddingOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
    *,
    clients: Clients | None = None,
) -> EmbeddingBatch:
    """Make a vector of each text with one InvokeModel; the hook `embed`.

    It is called once more where AWS refused expired credentials, or the model answers through an
    inference profile only.

    Raises:
        ProviderError: The service refused or failed; `text_index` names a text that it refuses.
        ConfigError: A setting is not valid.
    """
    clients = clients or shared_clients()
    target = resolve_target(model.id, model.base_url, provider, config, options.params)
    behind = await base_model_of(model, target, clients, transport)
    family = _family_of(model, behind)
    body = encode_json(build_body(model, texts, options, family))
    headers = {**provider.headers, **model.headers}
    called = called_as(model, target)

    async def invoke(model_id: str) -> tuple[Any, Usage | None]:
        async def send() -> tuple[Any, Usage | None]:
            request = partial(_invoke, body, headers, options, target, clients, transport)
            return await request(model_id)

        return await with_fresh_credentials(send, target=target, clients=clients)

    try:
        try:
            answer, usage = await invoke(called)
        except InvalidRequest as refusal:
            profile = await profile_after_refusal(
                refusal, model, target, clients, transport, allow_global=allows_global(provider)
            )
            if profile is None or profile == called:
                raise
            called = profile
            answer, usage = await invoke(called)
    except ProviderError as error:
        _explain(error, model, called, target, len(texts))
        raise
    vectors = _read(answer, family, model, len(texts))
    if usage is not None and model.prices is None:
        usage = await with_cost(usage, PRICED_SERVICE, priced_id(called, behind))
    return EmbeddingBatch(vectors, usage)


def _family_of(model: Model, base_model: str | None) -> EmbeddingFamily:
    family = embedding_family(model.id, base_model=base_model)
    if family is not None:
        return family
    if family_of(model.id, base_model=base_model, name=model.name) is not UNKNOWN:
        raise makes_no_embeddings(model)
    known = ", ".join(pattern for row in EMBEDDING_FAMILIES for pattern in row.patterns)
    raise InvalidRequest(
        f"How to request embeddings from {model.ref} is unknown.",
        provider=model.provider,
        model=model.id,
        retryable=False,
        hint=f"The models that are known are {known}.",
    )


async def _invoke(
    body: bytes,
    headers: Mapping[str, str],
    options: EmbeddingOptions,
    target: Target,
    clients: Clients,
    transport: Transport,
    model_id: str,
) -> tuple[Any, Usage | None]:
    """Send an InvokeModel; gives its JSON and the tokens that it counts."""
    params = {"modelId": model_id, "body": body, "contentType": _JSON, "accept": _JSON}
    request = await prepare_for_runtime(clients, "invoke_model", params, target, headers)
    sender = transport_for(transport, target, request.url)
    async with sender.send(request, deadlines=options.deadlines) as response:
        await check_response(response)
        answer = parse_json_or_none(await response.read())
        return answer, _usage(answer, response)


def _usage(answer: Any, response: Response) -> Usage | None:
    counted = response.headers.get(_TOKENS, "")
    if counted.isdecimal():
        return Usage(input=int(counted))
    try:
        tokens = count_tokens(answer, "inputTextTokenCount")
    except ValueError:
        return None
    return None if tokens is None else Usage(input=tokens)


def _read(answer: Any, family: EmbeddingFamily, model: Model, texts: int) -> Sequence[Any]:
    found = family.vectors(answer) if isinstance(answer, Mapping) else None
    if not isinstance(found, list):
        msg = "The answer holds no embeddings of floats."
        raise MalformedResponse(msg, provider=model.provider, model=model.id)
    return read_vectors(found, texts=texts, provider=model.provider, model=model.id)


def _explain(error: ProviderError, model: Model, called: str, target: Target, texts: int) -> None:
    """Say in an error whose it is, and what to do about it."""
    error.provider, error.model = error.provider or model.provider, error.model or model.id
    place = _PLACE.search(error.message)
    if place is not None and int(place[1]) < texts:
        error.text_index = int(place[1])
    if isinstance(error, ContextOverflow):
        error.hint = "Shorten the text."
        return
    hint = hint_for(
        error, model=model.id, called=called, region=target.region, payload={}, tool_names={}
    )
    error.hint = hint or error.hint
