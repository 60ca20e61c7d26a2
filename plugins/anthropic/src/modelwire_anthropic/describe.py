"""The description of a call, for `modelwire models explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire_anthropic.account import PROVIDER, address_of

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.models import Model

__all__ = ["describe"]


def describe(model: Model, provider: ProviderConfig, config: Config) -> dict[str, str]:
    """Say where a call of the model would go. Nobody is asked, and no key is looked for.

    Args:
        model: The model.
        provider: The provider's configuration.
        config: The whole configuration, for its environment.

    Raises:
        ConfigError: There is no address, or it is not a URL.
    """
    scheme, _, rest = address_of(provider, config, model).partition("://")
    host, slash, path = rest.partition("/")
    endpoint = f"{scheme}://{host.rpartition('@')[2]}{slash}{path}/v1/messages"
    return {"endpoint": endpoint, "endpointSource": _source(model, provider, config)}


def _source(model: Model, provider: ProviderConfig, config: Config) -> str:
    if model.base_url and model.base_url != provider.base_url:
        return "the model's baseUrl"
    if provider.base_url:
        return f"models.providers.{provider.id}.baseUrl"
    if provider.id == PROVIDER and config.environ.get("ANTHROPIC_BASE_URL", "").strip():
        return "env: ANTHROPIC_BASE_URL"
    return "default"
