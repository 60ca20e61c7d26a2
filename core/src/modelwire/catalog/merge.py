"""Merging of configured model settings over discovered ones, field by field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modelwire.config import ModelConfig, ProviderConfig
from modelwire.models import Model, Prices

__all__ = ["known_model", "known_models"]

# Settings of a whole provider that are weaker than the provider's data on a model.
_PROVIDER_WIDE = {
    "context_window": "context_window",
    "context_tokens": "context_tokens",
    "max_tokens": "most_tokens",
}
_JOINED = ("thinking_level_map", "params", "headers", "extra")


def known_models(provider: ProviderConfig, discovered: Iterable[Model] = ()) -> list[Model]:
    """Merge a provider's configured models with its discovered ones.

    Configured models come first, in the order of the configuration; then the other discovered ones,
    in the order in which the provider gave them. A duplicate model appears once.
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
    """Merge the configured and the discovered facts about one model.

    Args:
        provider: The provider's configuration.
        model_id: The model's id.
        entry: Its configuration, or `None`.
        found: The discovered model, or `None`.
    """
    known = _configured(provider, entry or ModelConfig(id=model_id))
    sources: tuple[str, ...] = () if entry is None else ("configured",)
    if found is not None:
        known |= {name: getattr(found, name) for name, mine in known.items() if mine is None}
        known |= {name: {**getattr(found, name), **known[name]} for name in _JOINED}
        if entry is None or entry.name is None:
            known["name"] = found.name
        sources += ("discovered",)
    for name, of_provider in _PROVIDER_WIDE.items():
        if known[name] is None:
            known[name] = getattr(provider, of_provider)
    return Model(**known, sources=sources)


def _configured(provider: ProviderConfig, entry: ModelConfig) -> dict[str, Any]:
    """The settings of one configured model, as the fields of a `Model`; the others are unknown."""
    return {
        "provider": provider.id,
        "id": entry.id,
        "name": entry.name or entry.id,
        "api": entry.api or provider.api,
        "base_url": entry.base_url or provider.base_url,
        "reasoning": entry.reasoning,
        "input": entry.input,
        "output": entry.output,
        "tools": None,
        "local": None,
        "prices": _prices(entry),
        "context_window": entry.context_window,
        "context_tokens": entry.context_tokens,
        "max_tokens": entry.most_tokens,
        "thinking_level_map": dict(entry.thinking_level_map),
        "params": {**provider.params, **entry.params},
        "headers": {**provider.headers, **entry.headers},
        "extra": {"compat": entry.compat, **entry.extra} if entry.compat else dict(entry.extra),
    }


def _prices(entry: ModelConfig) -> Prices | None:
    if entry.cost is None:
        return None
    cost = entry.cost
    return Prices(cost.input, cost.output, cost.cache_read, cost.cache_write)
