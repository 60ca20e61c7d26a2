"""Setup guides: those of the installed plugins, and the plugins that could be installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click
from attrs import frozen

from modelwire._plugin_hints import update_hint
from modelwire.cli.errors import show_note
from modelwire.errors import PluginError
from modelwire.hookspecs import Question, Settings, SetupGuide
from modelwire.models import fold_provider
from modelwire.registry import Registry
from modelwire.registry.loader import load_guide, where
from modelwire.registry.published import PublishedPlugin, published_plugins
from modelwire.text import near_matches

__all__ = [
    "GuideChoice",
    "find_offer",
    "missing_plugins",
    "not_installed",
    "offers",
    "questions_of",
    "settings_of",
]


@frozen
class GuideChoice:
    """A guide of an installed plugin.

    Attributes:
        name: Its name among the guides.
        distribution: The plugin's package.
        guide: The guide.
    """

    name: str
    distribution: str
    guide: SetupGuide


def offers(registry: Registry) -> list[GuideChoice]:
    """The guides of the installed plugins; one that is broken is reported and left out."""
    found = []
    for claim in registry.guides():
        try:
            found.append(GuideChoice(claim.name, claim.distribution, load_guide(claim)))
        except PluginError as error:
            show_note(f"{error} It is left out.")
    return found


def missing_plugins(registry: Registry) -> list[PublishedPlugin]:
    """The plugins of this project that are not installed."""
    installed = {info.distribution for info in registry.plugins()}
    return [plugin for plugin in published_plugins() if plugin.distribution not in installed]


def find_offer(
    registry: Registry, available: list[GuideChoice], name: str, *, has_address: bool
) -> tuple[GuideChoice, str | None]:
    """Find the guide for what a user named, and the provider's id where it is clear.

    Args:
        registry: The installed plugins.
        available: The guides.
        name: A provider's id or alias, an id of the user's own, or a guide's name.
        has_address: Whether the user gave an address: then any id may be one of the user's own.

    Raises:
        click.UsageError: No guide fits.
        PluginError: The plugin that would fit is not installed.
    """
    provider = registry.canonical(name)
    for offer in available:
        if offer.guide.provider == provider:
            return offer, provider
    open_ended = [offer for offer in available if offer.guide.provider is None]
    if provider in registry.provider_ids:
        owner = registry.owner(provider).distribution
        for offer in open_ended:
            if offer.distribution == owner:
                return offer, provider
    for offer in available:
        if offer.name == name:
            return offer, offer.guide.provider
    plugin = next((plugin for plugin in missing_plugins(registry) if plugin.covers(name)), None)
    if plugin is not None:
        raise not_installed(plugin)
    if has_address and open_ended:
        return open_ended[0], provider
    raise _unknown(registry, available, name)


def questions_of(
    offer: GuideChoice, provider: str, environ: Mapping[str, str]
) -> Sequence[Question]:
    """The questions of a guide for a provider.

    Raises:
        PluginError: The guide failed.
    """
    try:
        return list(offer.guide.questions(provider, environ))
    except Exception as error:
        raise _failed(offer, error) from error


def settings_of(
    offer: GuideChoice, provider: str, answers: Mapping[str, str], environ: Mapping[str, str]
) -> Settings:
    """The settings that a guide proposes.

    Raises:
        PluginError: The guide failed.
    """
    try:
        return dict(offer.guide.settings(provider, answers, environ))
    except Exception as error:
        raise _failed(offer, error) from error


def _failed(offer: GuideChoice, error: Exception) -> PluginError:
    msg = f"The guide of {offer.distribution} failed: {where(error)}."
    return PluginError(msg, hint=update_hint(offer.distribution, error))


def not_installed(plugin: PublishedPlugin) -> PluginError:
    """The error for a plugin that is not installed, with the command to install it."""
    msg = f"The plugin for this is not installed: {plugin.distribution}."
    hint = f"Run: pip install {plugin.distribution}, and then modelwire setup again."
    return PluginError(msg, hint=hint)


def _unknown(registry: Registry, available: list[GuideChoice], name: str) -> click.UsageError:
    known = sorted({*registry.provider_ids, *registry.aliases})
    near = near_matches(fold_provider(name), known)
    msg = f"No installed plugin can set up {name!r}."
    if near:
        msg += f" Did you mean {' or '.join(near)}?"
    else:
        ids = sorted(offer.guide.provider or offer.name for offer in available)
        msg += f" There are: {', '.join(ids) or 'none'}. A server of your own needs --base-url."
    return click.UsageError(msg)
