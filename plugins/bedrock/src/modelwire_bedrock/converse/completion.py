"""The completion: a context in, deltas out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable
from typing import TYPE_CHECKING

from modelwire.authoring import Remedy, stream_call, with_cost
from modelwire.errors import InvalidRequest, ProviderError
from modelwire_bedrock.aws.clients import Clients, shared_clients
from modelwire_bedrock.aws.expired import is_expired
from modelwire_bedrock.converse.call import ConverseCall
from modelwire_bedrock.converse.plan import base_model_of, plan_call, target_of
from modelwire_bedrock.converse.refusals import fields_named
from modelwire_bedrock.error_rules import Symptom
from modelwire_bedrock.errors import ServiceFault
from modelwire_bedrock.models.prices import PRICED_SERVICE, priced_id

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.events import Deltas
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context, Usage
    from modelwire.models import Model
    from modelwire.transport import Transport

__all__ = ["complete_stream"]

_PROVIDER = "amazon-bedrock"


def _is_stale(error: ProviderError) -> bool:
    return _symptom(error) is Symptom.STALE_SIGNATURE


def _needs_a_profile(error: ProviderError) -> bool:
    return _symptom(error) is Symptom.ON_DEMAND_UNSUPPORTED


def _is_invalid(error: ProviderError) -> bool:
    return _symptom(error) is Symptom.UNKNOWN_MODEL


def _cannot_stream(error: ProviderError) -> bool:
    return _symptom(error) in (Symptom.TOOLS_NOT_STREAMED, Symptom.STREAMING_UNSUPPORTED)


def _refuses_caching(error: ProviderError) -> bool:
    return _symptom(error) is Symptom.CACHING_REFUSED


def _refuses_fields(error: ProviderError) -> bool:
    fault = error.__cause__
    if not isinstance(fault, ServiceFault) or not isinstance(error, InvalidRequest):
        return False
    return bool(fields_named(fault.message))


def _symptom(error: ProviderError) -> Symptom | None:
    fault = error.__cause__
    return fault.symptom if isinstance(fault, ServiceFault) else None


_MOST_REFUSALS = 4
"""How many refusals of different fields one answer may meet."""

_REMEDIES = (
    Remedy(
        is_expired,
        ConverseCall.with_fresh_credentials,
        "credentials",
        "AWS reported that they expired, so they were loaded again.",
    ),
    Remedy(
        _is_stale,
        ConverseCall.without_reasoning,
        "payload.messages",
        "The signature of its thinking was refused.",
    ),
    Remedy(
        _needs_a_profile,
        ConverseCall.through_a_profile,
        "model",
        "The model answers through an inference profile only.",
    ),
    Remedy(
        _is_invalid,
        ConverseCall.through_another_profile,
        "model",
        "AWS does not know the profile that was chosen.",
        times=2,
    ),
    Remedy(
        _cannot_stream,
        ConverseCall.as_a_whole,
        "operation",
        "The model cannot stream this; it answers as a whole.",
    ),
    Remedy(_refuses_caching, ConverseCall.without_caching, "", ""),
    Remedy(
        _refuses_fields,
        ConverseCall.without_refused,
        path="",
        reason="",
        inform=ConverseCall.informed,
        times=_MOST_REFUSALS,
    ),
)


def complete_stream(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
    *,
    clients: Clients | None = None,
) -> AsyncGenerator[Deltas, None]:
    """Stream the model's answer; the hook `stream_completion`.

    The changes of the request come first, as diagnostics. A request is sent again, once for
    each reason and only before any content has come, where the service refused an old thinking
    signature, expired credentials, a call without an inference profile, to stream, cache points, or
    fields that its refusal names. All other retries are the runtime's.

    Raises:
        ProviderError: The service failed; what came before has been yielded.
        ConfigError: A setting is not valid.
    """
    clients = clients or shared_clients()

    called: list[str] = []

    async def plan() -> ConverseCall:
        target = target_of(model, options, provider, config)
        base_model = await base_model_of(model, target, clients, transport)
        call = plan_call(
            model,
            context,
            options,
            provider,
            config,
            base_model=base_model,
            target=target,
            clients=clients,
            transport=transport,
        )
        called.append(priced_id(call.request.payload["modelId"], base_model))
        return call

    def price(usage: Usage) -> Awaitable[Usage]:
        return with_cost(usage, PRICED_SERVICE, called[0])

    return stream_call(
        plan,
        transport,
        options.deadlines,
        provider=provider.id or _PROVIDER,
        model=model.id,
        remedies=_REMEDIES,
        explain=ConverseCall.explain,
        price=None if model.prices is not None else price,
    )
