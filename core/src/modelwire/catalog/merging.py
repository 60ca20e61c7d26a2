"""What is configured about models, over what was discovered, field by field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import evolve, fields

from modelwire.config import ModelConfig, ProviderConfig
from modelwire.models import Model, Prices

__all__ = ["configured_model", "known_models"]

# Where the user's word about a whole provider is weaker than what the provider says about a model.
_PROVIDER_WIDE = ("context_window", "context_tokens", "max_tokens")
_JOINED = ("thinking_level_map", "params", "headers", "extra")


def configured_model(provider: ProviderConfig, entry: ModelConfig) -> Model:
    """What the configuration says about one model; what it does not say is unknown."""
    return Model(
        provider=provider.id,
        id=entry.id,
        name=entry.name or entry.id,
        api=entry.api or provider.api,
        base_url=entry.base_url or provider.base_url,
        reasoning=entry.reasoning,
        input=entry.input,
        prices=_prices(entry),
        context_window=entry.context_window,
        context_tokens=entry.context_tokens,
        max_tokens=entry.max_tokens,
        thinking_level_map=dict(entry.thinking_level_map),
        params={**provider.params, **entry.params},
        headers={**provider.headers, **entry.headers},
        extra={"compat": entry.compat, **entry.extra} if entry.compat else dict(entry.extra),
        sources=("configured",),
    )


def known_models(provider: ProviderConfig, discovered: Iterable[Model] = ()) -> list[Model]:
    """Merge a provider's configured models with its discovered ones.

    Configured models come first, in the order of the configuration; then the other discovered ones,
    in the order in which the provider gave them. A model that was given twice appears once.
    """
    found: dict[str, Model] = {}
    for model in discovered:
        found.setdefault(model.id, evolve(model, provider=provider.id, sources=("discovered",)))
    merged: dict[str, Model] = {}
    for entry in provider.models:
        model = configured_model(provider, entry)
        known = found.pop(entry.id, None)
        named = entry.name is not None
        merged[entry.id] = _defaulted(
            provider, model if known is None else _over(model, known, named)
        )
    for model in found.values():
        merged[model.id] = _defaulted(
            provider, _over(_provider_only(provider, model), model, False)
        )
    return list(merged.values())


def _provider_only(provider: ProviderConfig, model: Model) -> Model:
    """What the configuration says about every model of a provider."""
    bare = configured_model(provider, ModelConfig(id=model.id))
    return evolve(bare, sources=())


def _over(explicit: Model, known: Model, named: bool) -> Model:
    changes: dict[str, Any] = {}
    for field in fields(Model):
        mine, theirs = getattr(explicit, field.name), getattr(known, field.name)
        if field.name in _JOINED:
            changes[field.name] = {**theirs, **mine}
        elif mine is None:
            changes[field.name] = theirs
    if not named:
        changes["name"] = known.name
    return evolve(explicit, **changes, sources=explicit.sources + known.sources)


def _defaulted(provider: ProviderConfig, model: Model) -> Model:
    changes = {
        name: getattr(provider, name) for name in _PROVIDER_WIDE if getattr(model, name) is None
    }
    return evolve(model, **changes)


def _prices(entry: ModelConfig) -> Prices | None:
    if entry.cost is None:
        return None
    cost = entry.cost
    return Prices(cost.input, cost.output, cost.cache_read, cost.cache_write)
