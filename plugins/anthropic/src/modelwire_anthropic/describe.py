"""The description of a call, for `modelwire models explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.authoring import describe_endpoint
from modelwire_anthropic.account import PROVIDER, URL_VARIABLE, address_of

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.models import Model

__all__ = ["describe"]


def describe(model: Model, provider: ProviderConfig, config: Config) -> dict[str, str]:
    """Describe where a call of the model goes, without a request and without looking for a key.

    Args:
        model: The model.
        provider: The provider's configuration.
        config: The whole configuration, for its environment.

    Raises:
        ConfigError: There is no address, or it is not a URL.
    """
    url = f"{address_of(provider, config, model)}/v1/messages"
    variable = URL_VARIABLE if provider.id == PROVIDER else None
    return describe_endpoint(url, model, provider, config, variable=variable)
