"""The plan of a call: what is sent where, decided without the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelwire_bedrock.aws.clients import Clients, shared_clients
from modelwire_bedrock.aws.endpoints import Target, resolve_target
from modelwire_bedrock.converse.call import ConverseCall
from modelwire_bedrock.converse.profiles import (
    chosen_profile,
    refuse_global_only,
    through_profile,
)
from modelwire_bedrock.converse.request import build_request
from modelwire_bedrock.converse.token_limit import configured_limit
from modelwire_bedrock.models.application_profiles import is_application_profile, shared_profiles
from modelwire_bedrock.models.families import family_of
from modelwire_bedrock.models.inference_profiles import base_of_all
from modelwire_bedrock.settings import allows_global

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import CompletionOptions
    from modelwire.messages import Context
    from modelwire.models import Model
    from modelwire.transport import Transport

__all__ = ["base_model_of", "plan_call", "plugin_settings", "target_of"]

_PROVIDER = "amazon-bedrock"
_ALIASES = ("bedrock", "aws-bedrock")


def plan_call(
    model: Model,
    context: Context,
    options: CompletionOptions,
    provider: ProviderConfig,
    config: Config,
    *,
    base_model: str | None = None,
    target: Target | None = None,
    clients: Clients | None = None,
    transport: Transport | None = None,
) -> ConverseCall:
    """Decide what to send where, without the network.

    Args:
        model: The model to call.
        context: The conversation to continue.
        options: The options of the call.
        provider: The provider's configuration.
        config: The whole configuration.
        base_model: The id of the model behind an inference profile, where it is known.
        target: Where to send it; by default what configuration and options say.
        clients: Where boto3's clients come from; by default those of the process.
        transport: What carries questions to the control plane, should the call be refused.

    Raises:
        ConfigError: A setting is not valid.
        InvalidMessage: A message holds what the service does not take.
        InvalidRequest: The options cannot be met.
    """
    settings = plugin_settings(provider, config)
    if target is None:
        target = target_of(model, options, provider, config)
    request = build_request(
        model,
        context,
        options,
        settings=settings,
        base_model=base_model,
        region=target.region,
        environ=target.environ,
        configured_limit=configured_limit(provider, model.id),
    )
    global_too = allows_global(provider)
    choice = chosen_profile(model, target, allow_global=global_too)
    if choice is not None:
        request = through_profile(choice, request)
    elif not global_too:
        refuse_global_only(model, target)
    family = family_of(model.id, base_model=base_model, name=model.name)
    streaming = family.streaming
    whole = streaming == "nothing" or (streaming == "text only" and "toolConfig" in request.payload)
    call = ConverseCall(
        model=model,
        target=target,
        request=request,
        operation="converse" if whole else "converse_stream",
        headers={**provider.headers, **model.headers},
        clients=clients or shared_clients(),
        provider=provider.id or _PROVIDER,
        family=family.key,
        allow_global=global_too,
        transport=transport,
    )
    return call.as_remembered()


def target_of(
    model: Model, options: CompletionOptions, provider: ProviderConfig, config: Config
) -> Target:
    """Decide the address and the identity of a request to a model.

    Raises:
        ConfigError: A setting is not valid.
    """
    return resolve_target(
        model.id,
        model.base_url,
        provider,
        config,
        options.params,
    )


async def base_model_of(
    model: Model, target: Target, clients: Clients, transport: Transport
) -> str | None:
    """Find the model behind an application profile, whose ARN does not show it.

    AWS is queried once an hour, unless discovery has found it.
    """
    known = model.extra.get("baseModel")
    if isinstance(known, str) or not is_application_profile(model.id):
        return known if isinstance(known, str) else None
    models = await shared_profiles().models_of(
        model.id, target=target, clients=clients, transport=transport
    )
    return base_of_all(models)


def plugin_settings(provider: ProviderConfig, config: Config) -> dict[str, Any]:
    """The plugin's own block of the configuration, and over it that of another provider id."""
    settings: dict[str, Any] = {}
    for name in (*_ALIASES, _PROVIDER, provider.id):
        entry = config.plugins.entries.get(name)
        if entry is not None:
            settings |= entry.config
    return settings
