"""The stream of an answer through another plugin's API: a context in, deltas out."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from modelwire.authoring import Remedy, stream_call, with_cost
from modelwire.errors import AuthenticationError, InvalidRequest, NotFound, ProviderError
from modelwire.repair import Change
from modelwire_bedrock.aws.clients import Clients, shared_clients
from modelwire_bedrock.aws.endpoints import resolve_target
from modelwire_bedrock.converse.plan import plugin_settings
from modelwire_bedrock.converse.profiles import chosen_profile, refuse_global_only
from modelwire_bedrock.error_rules import Symptom, find_rule
from modelwire_bedrock.errors import ServiceFault
from modelwire_bedrock.models.prices import PRICED_SERVICE, priced_id
from modelwire_bedrock.routes.address import mantle_root, runtime_root
from modelwire_bedrock.routes.call import RoutedCall, known_prefix
from modelwire_bedrock.routes.choice import RouteChoice, check_region, mantle_id
from modelwire_bedrock.routes.request import routed_request
from modelwire_bedrock.settings import allows_global

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.events import Deltas
    from modelwire.hookspecs import CompletionOptions, OtherApis
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Transport
    from modelwire_bedrock.aws.endpoints import Target

__all__ = ["complete_through"]

_WRONG_PREFIX = re.compile(r"isn.t supported on this route|Berm is not enabled", re.IGNORECASE)
"""BerriAI/litellm#33027, NousResearch/hermes-agent#52316: July and August 2026."""


def complete_through(
    choice: RouteChoice,
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    transport: Transport,
    apis: OtherApis,
    *,
    clients: Clients | None = None,
) -> AsyncGenerator[Deltas, None]:
    """Stream the model's answer; the hook `stream_completion` for every route but Converse.

    A request is sent again, once for each reason and only before any content has come, where AWS
    refused expired credentials, the path of the API, or the id.

    Raises:
        ProviderError: The service failed; what came before has been yielded.
        PluginError: The plugin that speaks the API is not installed.
        ConfigError: A setting is not valid.
    """
    clients = clients or shared_clients()
    priced: list[str] = []

    async def plan() -> RoutedCall:
        target = resolve_target(model.id, model.base_url, provider, config, options.params)
        check_region(choice, model, target.region)
        called, notes = _called(choice, model, provider, target)
        known = model.extra.get("baseModel")
        priced.append(priced_id(called, known if isinstance(known, str) else None))
        request = routed_request(
            model,
            context,
            options,
            provider,
            choice=choice,
            target=target,
            called=called,
            settings=plugin_settings(provider, config),
        )
        if choice.endpoint == "runtime":
            root = await runtime_root(target, clients)
        else:
            root = mantle_root(model, provider, target)
        return RoutedCall(
            requested=model,
            request=request,
            choice=choice,
            root=root,
            prefix=known_prefix(root, called, choice),
            target=target,
            apis=apis,
            clients=clients,
            allow_global=allows_global(provider),
            profile_changes=notes,
        )

    return stream_call(
        plan,
        transport,
        options.deadlines,
        provider=provider.id,
        model=model.id,
        remedies=_REMEDIES,
        explain=RoutedCall.explain,
        price=None if model.prices else lambda usage: with_cost(usage, PRICED_SERVICE, priced[0]),
    )


def _called(
    choice: RouteChoice, model: Model, provider: ProviderConfig, target: Target
) -> tuple[str, tuple[Change, ...]]:
    """The id to send, and what that changes."""
    if choice.endpoint == "mantle":
        bare = mantle_id(model)
        why = "The endpoint bedrock-mantle has an id of its own for the model."
        return bare, (Change("rewritten", "model", why),) if bare != model.id else ()
    global_too = allows_global(provider)
    found = chosen_profile(model, target, allow_global=global_too)
    if found is not None:
        return found.model_id, (Change("rewritten", "model", found.reason),)
    if not global_too:
        refuse_global_only(model, target)
    return model.id, ()


def _symptom(error: ProviderError) -> Symptom | None:
    fault = error.__cause__
    if isinstance(fault, ServiceFault):
        return fault.symptom
    if not isinstance(error, InvalidRequest | NotFound):
        return None
    rule = find_rule("", error.message)
    return None if rule is None else rule.symptom


def _is_expired(error: ProviderError) -> bool:
    fault = error.__cause__
    if isinstance(fault, ServiceFault):
        return fault.is_expired_token
    rule = find_rule("", error.message)
    return rule is not None and rule.symptom is Symptom.EXPIRED_CREDENTIALS


def _is_of_other_path(error: ProviderError) -> bool:
    if _WRONG_PREFIX.search(error.message):
        return True
    # Some models are refused with a misleading 401; a wrong signature is AWS's own to say.
    return isinstance(error, AuthenticationError) and not isinstance(error.__cause__, ServiceFault)


_REMEDIES = (
    Remedy(
        _is_expired,
        RoutedCall.with_fresh_credentials,
        "credentials",
        "AWS reported that they expired, so they were loaded again.",
    ),
    Remedy(
        _is_of_other_path,
        RoutedCall.with_other_prefix,
        "baseUrl",
        "The model answers at the other path of OpenAI's APIs.",
    ),
    Remedy(
        lambda error: _symptom(error) is Symptom.ON_DEMAND_UNSUPPORTED,
        RoutedCall.through_a_profile,
        "model",
        "The model answers through an inference profile only.",
    ),
    Remedy(
        lambda error: _symptom(error) is Symptom.UNKNOWN_MODEL,
        RoutedCall.through_another_profile,
        "model",
        "AWS does not know the profile that was chosen.",
    ),
)
