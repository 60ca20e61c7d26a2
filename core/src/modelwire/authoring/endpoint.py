"""The endpoint of a call, for `describe_call`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.redaction import shown_url

if TYPE_CHECKING:
    from modelwire.config import Config, ProviderConfig
    from modelwire.models import Model

__all__ = ["describe_endpoint"]


def describe_endpoint(
    url: str,
    model: Model,
    provider: ProviderConfig,
    config: Config,
    *,
    variable: str | None = None,
) -> dict[str, str]:
    """The endpoint of a call: the keys `endpoint` and `endpointSource` of `describe_call`.

    Args:
        url: The URL of the request; a login in it is removed.
        model: The model that is called.
        provider: The provider's configuration.
        config: The whole configuration, for its environment.
        variable: The environment variable that may hold the base URL, where there is one.
    """
    return {
        "endpoint": shown_url(url),
        "endpointSource": _source(model, provider, config, variable),
    }


def _source(model: Model, provider: ProviderConfig, config: Config, variable: str | None) -> str:
    if model.base_url and model.base_url != provider.base_url:
        return "the model's baseUrl"
    if provider.base_url:
        return f"models.providers.{provider.id}.baseUrl"
    if variable is not None and config.environ.get(variable, "").strip():
        return f"env: {variable}"
    return "default"
