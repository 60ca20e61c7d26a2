"""Discovery of the embedded model and the configured GGUF files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.models import Model, Prices
from modelwire_local import models as embedded
from modelwire_local.settings import API, DEFAULT_CONTEXT_WINDOW, expand_path

if TYPE_CHECKING:
    from modelwire.config import ModelConfig, ProviderConfig

__all__ = ["FREE", "PROVIDER", "configured_models", "embedded_model", "offered_models"]
PROVIDER = "local"
FREE = Prices(input=0.0, output=0.0, cache_read=0.0, cache_write=0.0, cache_write_long=0.0)


def offered_models(provider: ProviderConfig) -> list[Model]:
    """The configured GGUF files, and the embedded model where its weights are installed.

    A custom provider with this API has only its configured models.
    """
    models = configured_models(provider)
    taken = any(model.id == embedded.MODEL_ID for model in models)
    if provider.id == PROVIDER and not taken and embedded.find_weights() is not None:
        models.insert(0, embedded_model(provider.id))
    return models


def embedded_model(provider_id: str) -> Model:
    """The embedded model. Its tools are called by prompts and a grammar, without its template."""
    return Model(
        provider=provider_id,
        id=embedded.MODEL_ID,
        name=embedded.MODEL_NAME,
        api=API,
        reasoning=False,
        input=("text",),
        output=("text", "embedding"),
        tools=True,
        local=True,
        prices=FREE,
        context_window=embedded.CONTEXT_WINDOW,
        max_tokens=embedded.CONTEXT_WINDOW,
        sources=("discovered",),
    )


def configured_models(provider: ProviderConfig) -> list[Model]:
    """The models of the configuration that have a `path`.

    Raises:
        ConfigError: A path is not a file's name.
    """
    return [_from_config(item, provider.id) for item in provider.models if "path" in item.extra]


def _from_config(item: ModelConfig, provider_id: str) -> Model:
    tools = item.extra.get("tools")
    return Model(
        provider=provider_id,
        id=item.id,
        name=item.name or item.id,
        api=API,
        reasoning=item.reasoning,
        input=("text",),
        tools=tools if isinstance(tools, bool) else None,
        local=True,
        prices=FREE,
        context_window=item.context_window or DEFAULT_CONTEXT_WINDOW,
        max_tokens=item.most_tokens,
        extra={
            "path": str(expand_path(item.extra["path"], provider_id)),
            **{name: item.extra[name] for name in ("pooling",) if name in item.extra},
        },
        sources=("configured",),
    )
