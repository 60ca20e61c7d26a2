"""The description of a call, for `modelwire models explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire_openai.account import address_of, default_api
from modelwire_openai.servers import RESPONSES, server_of

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import CompletionOptions
    from modelwire.models import Model

__all__ = ["describe"]


def describe(
    model: Model, options: CompletionOptions, provider: ProviderConfig, config: Config
) -> dict[str, str]:
    """Say where a call of the model would go. Nobody is asked, and no key is looked for.

    Args:
        model: The model.
        options: The options of the call.
        provider: The provider's configuration.
        config: The whole configuration, for its environment.

    Raises:
        ConfigError: There is no base URL, or it is none.
    """
    params = {**provider.params, **model.params, **options.params}
    address = address_of(provider, config, model, params, server_of(provider.id))
    api = model.api or default_api(provider, config, model)
    route = "responses" if api == RESPONSES else "chat/completions"
    base = address.base.partition("://")
    shown = f"{base[0]}://{base[2].rpartition('@')[2]}/{route}"
    return {"endpoint": shown, "endpointSource": _source(model, provider, config)}


def _source(model: Model, provider: ProviderConfig, config: Config) -> str:
    if model.base_url and model.base_url != provider.base_url:
        return "the model's baseUrl"
    if provider.base_url:
        return f"models.providers.{provider.id}.baseUrl"
    if provider.id == "openai" and config.environ.get("OPENAI_BASE_URL", "").strip():
        return "env: OPENAI_BASE_URL"
    return "default"
