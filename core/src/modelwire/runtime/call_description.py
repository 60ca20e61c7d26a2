"""The description of a call: a plugin's account of how it would call a model."""

from __future__ import annotations

from contextlib import suppress

from modelwire.errors import NotFound
from modelwire.hookspecs import CompletionOptions
from modelwire.models import Model
from modelwire.redaction import shown_url
from modelwire.runtime.plugin_call import PluginCall
from modelwire.runtime.resolver import Resolver
from modelwire.transport import Transport

__all__ = ["describe"]


def describe(model: Model, resolver: Resolver, transport: Transport) -> dict[str, str]:
    """Describe how a model's plugin would call it, as in `Runtime.describe_call`.

    Raises:
        PluginError: No installed plugin provides the model, or the one that does is broken.
        ConfigError: A setting of the provider is not valid.
    """
    registry, config = resolver.registry, resolver.config
    owner = registry.owner(model.provider, model.api)
    provider = registry.provider_config(model.provider)
    auth_owner = registry.auth_owner(provider)
    described = {}
    if auth_owner is not None:
        described["auth"] = f"{provider.delegated_auth}, by {auth_owner.distribution}"
    if owner.implements("describe_call"):
        options = resolver.options_for(model, CompletionOptions(), deadlines=transport.deadlines)
        call = PluginCall(registry, owner, model, provider, transport)
        with suppress(NotFound):  # there is nothing to describe; a call reports it
            described |= call.run(
                lambda: dict(
                    owner.hooks.describe_call(
                        model=model, options=options, provider=provider, config=config
                    )
                ),
                "describe a call",
            )
    return {str(name): shown_url(str(value)) for name, value in described.items()}
