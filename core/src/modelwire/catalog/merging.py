"""What is configured about models, over what was discovered, field by field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import evolve, fields

from modelwire.config import ModelConfig, ProviderConfig
from modelwire.models import Model, Prices

__all__ = ["known_model", "known_models"]

# Where the user's word about a whole provider is weaker than what the provider says about a model.
_PROVIDER_WIDE = ("context_window", "context_tokens", "max_tokens")
_JOINED = ("thinking_level_map", "params", "headers", "extra")


def _configured_model(provider: ProviderConfig, entry: ModelConfig) -> Model:
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
        found.setdefault(model.id, model)
    configured = {entry.id: entry for entry in provider.models}
    ids = dict.fromkeys([*configured, *found])
    return [known_model(provider, name, configured.get(name), found.get(name)) for name in ids]


def known_model(
    provider: ProviderConfig, model_id: str, entry: ModelConfig | None, found: Model | None
) -> Model:
    """Merge what is configured about one model with what was discovered about it.

    Args:
        provider: The provider's configuration.
        model_id: The model's id.
        entry: What is configured, or `None`.
        found: What was discovered, or `None`.
    """
    model = _configured_model(provider, entry or ModelConfig(id=model_id))
    if entry is None:
        model = evolve(model, sources=())
    if found is not None:
        found = evolve(found, provider=provider.id, sources=("discovered",))
        model = _over(model, found, named=entry is not None and entry.name is not None)
    return _defaulted(provider, model)


def _over(explicit: Model, known: Model, *, named: bool) -> Model:
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
