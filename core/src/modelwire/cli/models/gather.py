"""Collection of the providers' models, over the network only where necessary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click
from attrs import frozen

from modelwire.catalog import Catalog, Listing
from modelwire.config import Config
from modelwire.models import ModelRef, fold_provider
from modelwire.registry import Registry
from modelwire.text import near_matches

if TYPE_CHECKING:
    from modelwire.transport import Transport

__all__ = ["GatheredModels", "canonical_provider", "gather", "named_providers"]


@frozen
class GatheredModels:
    """The collected models.

    Attributes:
        listings: The models of each provider that was looked at.
        hidden: Providers that have models, or credentials to ask for them, and were left out.
    """

    listings: list[Listing]
    hidden: list[str]


def gather(
    config: Config, registry: Registry, *, wanted: Iterable[str] | None, refresh: bool
) -> GatheredModels:
    """Gather the listings of providers.

    Args:
        config: The configuration.
        registry: The installed plugins.
        wanted: The requested providers, by their own ids; `None` for all.
        refresh: Whether to ask them again, however fresh the cache is.
    """
    transports: list[Transport] = []
    catalog = Catalog(config, registry, lambda: transports[0])
    chosen = set(catalog.provider_ids if wanted is None else wanted)
    found: dict[str, Listing] = {}
    missing: list[str] = []
    hidden: list[str] = []
    for name in catalog.provider_ids:
        listing = catalog.known(name) if name not in chosen or not refresh else None
        if name not in chosen:
            hidden += [name] if listing is None or listing.models else []
        elif listing is None:
            missing.append(name)
        else:
            found[name] = listing
    if missing:
        from modelwire.cli.event_loop import run
        from modelwire.cli.progress import waiting_for
        from modelwire.transport import Transport

        async def fetch() -> list[Listing]:
            async with Transport(environ=config.environ) as transport:
                transports.append(transport)
                return await catalog.listings(missing, refresh=refresh)

        with waiting_for(f"Querying {', '.join(missing)} …"):
            found |= {listing.provider: listing for listing in run(fetch())}
    return GatheredModels([found[name] for name in catalog.provider_ids if name in found], hidden)


def canonical_provider(config: Config, registry: Registry, name: str) -> str:
    """The own id of a provider that a user names.

    Raises:
        click.UsageError: No provider has this id or alias.
    """
    from modelwire.cli.model_check import offline_catalog

    known = offline_catalog(config, registry).provider_ids
    if registry.canonical(name) in known:
        return registry.canonical(name)
    near = near_matches(fold_provider(name), [*known, *registry.aliases])
    msg = f'Invalid provider filter "{name}".'
    if near:
        msg += f" Did you mean {' or '.join(near)}?"
    else:
        msg += f" Use a provider id: {', '.join(known)}."
    raise click.UsageError(msg)


def named_providers(config: Config, registry: Registry) -> set[str]:
    """The providers that the configuration names, by their own ids.

    It names those under `models.providers`, those with discovery or plugin settings, and those of
    the models that it chooses or has settings for.
    """
    known = {*registry.provider_ids, *config.models.providers}
    return {registry.canonical(name) for name in _names(config, registry)} & {
        registry.canonical(name) for name in known
    }


def _names(config: Config, registry: Registry) -> Iterator[str]:
    yield from config.models.providers
    suffix = "Discovery"
    yield from (k.removesuffix(suffix) for k in config.models.extra if k.endswith(suffix))
    entries = [name for name, entry in config.plugins.entries.items() if entry.enabled]
    yield from entries
    for info in registry.plugins() if entries else ():
        if info.distribution in entries:
            yield from info.providers
    chosen = config.agents.defaults.model
    for text in filter(None, [chosen.primary, *chosen.fallbacks, *config.agents.defaults.models]):
        ref = ModelRef.parse(config.expand_alias(text))
        if ref is not None:
            yield ref.provider
