"""What a shell may complete a word to: references, aliases, providers, paths of the configuration.

Everything comes from files, nobody is asked, and no plugin is imported: a shell waits for this at
the press of a key. What cannot be read offers nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from modelwire.errors import ModelwireError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from modelwire.config import Config

__all__ = ["complete_alias", "complete_config_path", "complete_provider", "complete_reference"]


def complete_reference(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the user's aliases, and every model that is configured or was listed before."""
    from click.shell_completion import CompletionItem

    config = _config(ctx)
    if config is None:
        return []
    aliases = [CompletionItem(alias, help=ref) for alias, ref in config.aliases().items()]
    written, slash, _ = incomplete.partition("/")
    names = _provider_names()
    provider = names.get(written.lower(), written.lower())
    models = [
        # As it was begun: what is typed already must not change under the user's hands.
        CompletionItem(f"{written if slash and owner == provider else owner}/{model}")
        for owner, model in dict.fromkeys(_models(config))
    ]
    return [item for item in (*aliases, *models) if item.value.startswith(incomplete)]


def complete_alias(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the user's aliases."""
    from click.shell_completion import CompletionItem

    config = _config(ctx)
    aliases = config.aliases() if config is not None else {}
    return [
        CompletionItem(alias, help=ref)
        for alias, ref in aliases.items()
        if alias.startswith(incomplete.casefold())
    ]


def complete_provider(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the providers that are installed or configured."""
    from click.shell_completion import CompletionItem

    config = _config(ctx)
    configured = config.models.providers if config is not None else ()
    names = sorted({*_provider_names().values(), *configured})
    return [CompletionItem(name) for name in names if name.startswith(incomplete.lower())]


def complete_config_path(
    ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Offer the paths that the configuration file has, level by level."""
    from click.shell_completion import CompletionItem

    config = _config(ctx)
    paths = _paths(config.authored) if config is not None else ()
    return [CompletionItem(path) for path in _next_level(paths, incomplete)]


def _config(ctx: click.Context) -> Config | None:
    from modelwire.config import load_config

    try:
        return load_config(ctx.params.get("config_path"))
    except ModelwireError:
        return None


def _models(config: Config) -> Iterator[tuple[str, str]]:
    from modelwire.catalog.cache import default_cache_directory, listed_names
    from modelwire.models import ModelRef
    from modelwire.registry.claims import installed_claims

    for name, provider in config.models.providers.items():
        yield from ((name, model.id) for model in provider.models)
    defaults = [claim.name for claim in installed_claims() if claim.kind == "defaults"]
    for text in (*config.agents.defaults.models, *defaults):
        ref = ModelRef.parse(text)
        if ref is not None and not ref.model.endswith("*"):
            yield ref.provider, ref.model
    yield from listed_names(default_cache_directory(config.environ))


def _provider_names() -> Mapping[str, str]:
    """The ids and aliases of installed providers, each with the id."""
    from modelwire.registry.claims import installed_claims, squash

    claims = installed_claims()
    names = {claim.name: claim.name for claim in claims if claim.kind == "providers"}
    ids = {squash(name): name for name in names}
    aliases = {
        c.name: ids[squash(c.value)]
        for c in claims
        if c.kind == "aliases" and squash(c.value) in ids
    }
    return {**aliases, **names}


def _paths(value: Any, above: tuple[str | int, ...] = ()) -> Iterator[str]:
    from modelwire.config.paths import format_path

    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, Mapping):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for step, item in items:
        yield format_path((*above, step))
        yield from _paths(item, (*above, step))


def _next_level(paths: Iterable[str], incomplete: str) -> list[str]:
    """The paths that go on with what is typed, one step more; below a sole one, another step."""
    begun = [path for path in paths if path.startswith(incomplete)]
    found = _one_step_from(begun, incomplete)
    if len(found) == 1:
        # Alone, it would be taken for the whole word, although it may go on.
        found += [path for path in _one_step_from(begun, found[0]) if path != found[0]]
    return found


def _one_step_from(paths: Iterable[str], start: str) -> list[str]:
    return [
        path
        for path in paths
        if path.startswith(start) and not any(c in ".[" for c in path[len(start) :].lstrip(".["))
    ]
