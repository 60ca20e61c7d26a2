"""The number of tokens of a request, as CountTokens gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.authoring import count_tokens as read_count
from modelwire.authoring import parse_json_or_none
from modelwire.errors import MalformedResponse, ProviderError
from modelwire_bedrock.aws.clients import Clients, shared_clients
from modelwire_bedrock.aws.runtime_requests import prepare_for_runtime
from modelwire_bedrock.aws.signing import transport_for
from modelwire_bedrock.converse.exchange import check_response
from modelwire_bedrock.converse.omissions import without_cache_points
from modelwire_bedrock.converse.plan import base_model_of, plan_call, target_of
from modelwire_bedrock.models.families import base_model_id

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Transport

__all__ = ["count_input_tokens"]

_COUNTED = ("messages", "system", "toolConfig", "additionalModelRequestFields")


async def count_input_tokens(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
    *,
    clients: Clients | None = None,
) -> int:
    """Count the tokens of the request that would be sent; the hook `count_tokens`.

    CountTokens takes models and no inference profiles, so the model behind a profile is named.

    Raises:
        ProviderError: The service failed, or cannot count for this model.
        ConfigError: A setting is not valid.
        InvalidMessage: A message holds what the service does not take.
    """
    clients = clients or shared_clients()
    target = target_of(model, options, provider, config)
    behind = await base_model_of(model, target, clients, transport)
    call = plan_call(
        model, context, options, provider, config,
        base_model=behind, target=target, clients=clients, transport=transport,
    )  # fmt: skip
    payload = without_cache_points(call.request.payload) or call.request.payload
    counted = {key: payload[key] for key in _COUNTED if key in payload}
    parameters = {"modelId": base_model_id(behind or model.id), "input": {"converse": counted}}
    request = await prepare_for_runtime(clients, "count_tokens", parameters, target, call.headers)
    sender = transport_for(transport, target, request.url)
    try:
        async with sender.send(request, deadlines=options.deadlines) as response:
            await check_response(response)
            answer = parse_json_or_none(await response.read())
        try:
            tokens = read_count(answer, "inputTokens")
        except ValueError:
            tokens = None
        if tokens is None:
            msg = "The answer of CountTokens has no number of tokens."
            raise MalformedResponse(msg)
    except ProviderError as error:
        error.provider, error.model = error.provider or call.provider, error.model or model.id
        call.explain(error)
        raise
    return tokens
