"""The description of a call, for `modelwire models explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.authoring import describe_endpoint
from modelwire_openai.account import address_of, default_api
from modelwire_openai.addresses import Address
from modelwire_openai.servers import RESPONSES, server_of

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.hookspecs import CompletionOptions
    from modelwire.models import Model

__all__ = ["describe"]


def describe(
    model: Model, options: CompletionOptions, provider: ProviderConfig, config: Config
) -> dict[str, str]:
    """Describe where a call of the model goes, without a request and without looking for a key.

    Args:
        model: The model.
        options: The options of the call.
        provider: The provider's configuration.
        config: The whole configuration, for its environment.

    Raises:
        ConfigError: There is no base URL, or it is not valid.
    """
    params = {**provider.params, **model.params, **options.params}
    address = address_of(provider, config, model, params, server_of(provider.id))
    api = model.api or default_api(provider, config, model)
    route = "responses" if api == RESPONSES else "chat/completions"
    url = Address(address.base).url(route)
    variable = "OPENAI_BASE_URL" if provider.id == "openai" else None
    return describe_endpoint(url, model, provider, config, variable=variable)
