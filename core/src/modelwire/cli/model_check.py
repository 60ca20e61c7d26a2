"""The check of a model reference before it is written into the configuration."""

from __future__ import annotations

import sys
from typing import NoReturn

from attrs import frozen

from modelwire.catalog import Catalog, Listing
from modelwire.config import Config
from modelwire.errors import ConfigError, PluginError, UnknownModel
from modelwire.models import ModelRef
from modelwire.registry import Registry
from modelwire.runtime.resolver import full_ref, named_by, named_refs, unknown_name
from modelwire.text import did_you_mean, near_matches

__all__ = ["ModelCheck", "check_reference", "offline_catalog"]


@frozen
class ModelCheck:
    """The meaning of a text, as far as it is known without the network.

    Attributes:
        ref: The model that it names, or `None` where it names none.
        alias: The alias by which it was named, or `None`.
        known: Whether the model is configured, was discovered before or comes with a plugin.
        listed: Whether there is a list of the provider's models to look it up in.
        problem: Why the text cannot be used, or `None`.
        hint: What to do where there is a problem or the model is not known.
    """

    ref: ModelRef | None = None
    alias: str | None = None
    known: bool = False
    listed: bool = False
    problem: str | None = None
    hint: str | None = None


def check_reference(config: Config, registry: Registry, text: str) -> ModelCheck:
    """Check a reference, an alias or a bare name against what is configured and cached.

    No network is used, and no list is too old. A provider that no plugin provides is a problem; a
    model that no list has is not, since lists may be incomplete, but it is not `known`.

    Raises:
        ConfigError: The discovery settings of a provider are not valid.
    """
    target = config.expand_alias(text)
    alias = text.strip() if target != text.strip() else None
    catalog = offline_catalog(config, registry)
    try:
        ref = full_ref(registry, target) or _find(config, registry, catalog, target)
    except UnknownModel as error:
        return ModelCheck(alias=alias, problem=str(error), hint=error.hint)
    try:
        model = catalog.model(ref)
        registry.owner(model.provider, model.api)
    except PluginError as error:
        return ModelCheck(ref, alias, problem=str(error), hint=error.hint)
    listing = catalog.cached(ref.provider)
    listed = bool(listing.models) or listing.fetched_at is not None
    if model.sources or model.extra.get("listedAs") or ref in registry.default_refs:
        return ModelCheck(ref, alias, known=True, listed=listed)
    return ModelCheck(ref, alias, listed=listed, hint=_hint(listing, ref))


def offline_catalog(config: Config, registry: Registry) -> Catalog:
    """A catalogue of what is configured and cached, for code that must not send a request."""
    return Catalog(config, registry, _no_transport)


def _find(config: Config, registry: Registry, catalog: Catalog, name: str) -> ModelRef:
    known = [model.ref for p in catalog.provider_ids for model in catalog.cached(p).models]
    known += named_refs(config, registry)
    found = named_by(name, known)
    if found is not None:
        return found
    from modelwire.runtime.near_models import near_models

    published = registry if _may_take_long() else None
    near = near_models(name, known, config.aliases(), published)
    raise unknown_name(name, near, registry)


def _may_take_long() -> bool:
    """Whether no event loop waits for this thread."""
    if "asyncio" not in sys.modules:
        return True
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return True
    return False


def _hint(listing: Listing, ref: ModelRef) -> str:
    near = near_matches(ref.model, (model.id for model in listing.models))
    if near:
        return did_you_mean([f"{ref.provider}/{name}" for name in near])
    return f"`modelwire models list --provider {ref.provider}` shows the known ones."


def _no_transport() -> NoReturn:
    msg = "Nothing may be fetched here."
    raise ConfigError(msg)
