"""The check of a model reference before it is written into the configuration."""

from __future__ import annotations

import sys
from typing import NoReturn

from attrs import frozen

from modelwire.catalog import Catalog, Listing
from modelwire.config import Config
from modelwire.errors import ConfigError, NotFound, PluginError, UnknownModel
from modelwire.models import Model, ModelRef
from modelwire.registry import Owner, Registry
from modelwire.runtime.resolver import full_ref, named_by, named_refs, unknown_name
from modelwire.text import did_you_mean, near_matches

__all__ = ["ModelCheck", "check_reference", "forced_hint", "offline_catalog"]


@frozen
class ModelCheck:
    """The meaning of a text, as far as it is known without the network.

    Attributes:
        ref: The model that it names, or `None` where it names none.
        alias: The alias by which it was named, or `None`.
        known: Whether the model is configured, was discovered before or comes with a plugin.
        listed: Whether there is a list of the provider's models to look it up in.
        absent: Whether its plugin knows that there is no such model. The plugin is not consulted on an
            event loop, since it may have to be imported.
        problem: Why the text cannot be used, or `None`.
        hint: What to do where there is a problem or the model is not known.
    """

    ref: ModelRef | None = None
    alias: str | None = None
    known: bool = False
    listed: bool = False
    absent: bool = False
    problem: str | None = None
    hint: str | None = None


def check_reference(config: Config, registry: Registry, text: str) -> ModelCheck:
    """Check a reference, an alias or a bare name against what is configured and cached.

    No network is used, and no list is too old. A provider that no plugin provides is a problem, and
    a model that its plugin knows not to exist. A model that is only in no list is none, since lists
    may be incomplete, but it is not `known`.

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
        owner = registry.owner(model.provider, model.api)
    except PluginError as error:
        return ModelCheck(ref, alias, problem=str(error), hint=error.hint)
    listing = catalog.cached(ref.provider)
    listed = bool(listing.models) or listing.fetched_at is not None
    if model.sources or model.extra.get("listedAs") or ref in registry.default_refs:
        return ModelCheck(ref, alias, known=True, listed=listed)
    near = _near(listing, ref, registry)
    denial = _denial(config, registry, owner, model) if _may_take_long() else None
    if denial is not None:
        hint = near or denial.hint
        return ModelCheck(ref, alias, listed=listed, absent=True, problem=str(denial), hint=hint)
    usual = f"`modelwire models list --provider {ref.provider}` shows the known ones."
    return ModelCheck(ref, alias, listed=listed, hint=near or usual)


def forced_hint(hint: str | None) -> str:
    """The hint about a model that cannot be used now, of a command with `--force`."""
    forced = "To save it anyway, add --force."
    return f"{hint}\n{forced}" if hint else forced


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


def _near(listing: Listing, ref: ModelRef, registry: Registry) -> str | None:
    known = [model.id for model in listing.models]
    known += [each.model for each in registry.default_refs if each.provider == ref.provider]
    near = near_matches(ref.model, dict.fromkeys(known))
    return did_you_mean([f"{ref.provider}/{name}" for name in near]) if near else None


def _denial(config: Config, registry: Registry, owner: Owner, model: Model) -> NotFound | None:
    """The error of a plugin that knows that there is no such model."""
    if not owner.implements("describe_call"):
        return None
    from modelwire.hookspecs import CompletionOptions

    provider = registry.provider_config(model.provider)
    try:
        owner.hooks.describe_call(
            model=model, options=CompletionOptions(), provider=provider, config=config
        )
    except NotFound as error:
        return error
    except Exception:  # noqa: BLE001 - that a call cannot be described is reported elsewhere
        return None
    return None


def _no_transport() -> NoReturn:
    msg = "Nothing may be fetched here."
    raise ConfigError(msg)
