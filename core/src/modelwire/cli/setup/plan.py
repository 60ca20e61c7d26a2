"""The setup plan: what will be written, from the options or from the user's answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import click
from attrs import define, field

from modelwire.cli.model_check import offline_catalog
from modelwire.cli.output import echo, prompt
from modelwire.cli.setup.answers import ask, from_options
from modelwire.cli.setup.guides import (
    GuideChoice,
    find_offer,
    missing_plugins,
    not_installed,
    offers,
    questions_of,
    settings_of,
)
from modelwire.cli.setup.list_entries import ListEntry
from modelwire.cli.setup.list_question import choose_entry
from modelwire.config import Config
from modelwire.config.model_choice import set_primary
from modelwire.document import format_path, set_value
from modelwire.hookspecs import Question, Settings
from modelwire.models import ModelRef
from modelwire.registry import Registry
from modelwire.registry.published import published_plugins

__all__ = ["SetupOptions", "SetupPlan", "edit_for", "lines_of", "make_plan"]


@define
class SetupOptions:
    """The options of `modelwire setup`.

    Attributes:
        provider: What the user has, or `None` to ask.
        given: Answers by the names of their questions.
        model: The model to make the default one, or `None`.
        config_path: The configuration file, or `None` for the usual one.
        yes: Whether no question may be asked.
        test: Whether to try the draft before it is written.
    """

    provider: str | None
    given: dict[str, str]
    model: str | None
    config_path: Path | None
    yes: bool = field(kw_only=True)
    test: bool = field(kw_only=True)


@define
class SetupPlan:
    """The settings to be written.

    Attributes:
        provider: The provider's id.
        settings: What its guide wants written.
        proposed: Patterns of the models that its guide proposes.
        variable: The variable that should hold its key, where it is not set.
        key: A key that was typed for the test, by its variable; it is not stored.
        seconds: How long the answer to the test took.
        model: The model that was chosen, or `None`.
        primary: The model to make the default one; `None` leaves the present one.
    """

    provider: str
    settings: Settings
    proposed: tuple[str, ...] = ()
    variable: str | None = None
    key: dict[str, str] = field(factory=dict, repr=False)
    seconds: float | None = None
    model: ModelRef | None = None
    primary: str | None = None


def make_plan(
    options: SetupOptions, config: Config, registry: Registry, environ: Mapping[str, str]
) -> SetupPlan:
    """Find out what the user has, from the options or by asking.

    Args:
        options: The options.
        config: The configuration as it is.
        registry: The installed plugins.
        environ: The environment variables.

    Raises:
        PluginError: The plugin for it is not installed.
        click.UsageError: The options are not enough, or do not fit.
    """
    available = offers(registry)
    if options.provider is not None:
        has_address = "base_url" in options.given
        offer, provider = find_offer(registry, available, options.provider, has_address=has_address)
    elif options.yes:
        names = sorted(offer.guide.provider or offer.name for offer in available)
        msg = f"Name a provider with --provider, such as {', '.join(names)}."
        if not names:
            wanted = " or ".join(plugin.distribution for plugin in published_plugins())
            msg = f"No installed plugin can be set up. Run: pip install {wanted}."
        raise click.UsageError(msg)
    else:
        offer = _menu(config, registry, available)
        provider = offer.guide.provider
    if provider is None:
        provider = _name_provider(options, registry, offer)
    if not _is_name(provider):
        msg = "A provider's name has no space and no slash."
        raise click.UsageError(msg)
    questions = questions_of(offer, provider, environ)
    answers = (from_options if options.yes else ask)(questions, options.given)
    settings = settings_of(offer, provider, answers, environ)
    plan = SetupPlan(provider, settings, offer.guide.models)
    plan.variable = _unset_variable(questions, answers, environ)
    if plan.variable is not None and options.test and not options.yes:
        plan.key = _type_key(plan.variable)
    return plan


def _menu(config: Config, registry: Registry, available: list[GuideChoice]) -> GuideChoice:
    """Ask what the user has; first comes that of which credentials were found."""
    found = _found_credentials(config, registry, available)
    available = sorted(available, key=lambda offer: offer.name not in found)
    missing = [(plugin, title) for plugin in missing_plugins(registry) for title in plugin.titles]
    echo("What do you have?")
    rows = [f"{offer.guide.title}{found.get(offer.name, '')}" for offer in available]
    rows += [f"{title} (not installed)" for _, title in missing]
    chosen = choose_entry("Provider", [ListEntry(title) for title in rows])
    if chosen >= len(available):
        plugin, _ = missing[chosen - len(available)]
        raise not_installed(plugin)
    return available[chosen]


def _found_credentials(
    config: Config, registry: Registry, available: Iterable[GuideChoice]
) -> dict[str, str]:
    """The sources of the credentials found for guides, by guide name."""
    catalog = offline_catalog(config, registry)
    found = {}
    for offer in available:
        if offer.guide.provider is not None:
            status = catalog.credentials(offer.guide.provider)
            if status.state == "usable" and status.source is not None and ":" in status.source:
                found[offer.name] = f" (found in {status.source})"
    return found


def _name_provider(options: SetupOptions, registry: Registry, offer: GuideChoice) -> str:
    if options.yes:
        msg = f"Name your server with --provider, such as {', '.join(offer.guide.examples)}."
        raise click.UsageError(msg)
    echo(f"A name for it: one of {', '.join(offer.guide.examples)}, or one of your own.")
    while True:
        name: str = prompt("Provider").strip()
        if _is_name(name):
            return registry.canonical(name)
        echo("A provider's name has no space and no slash.", err=True)


def _is_name(name: str) -> bool:
    return bool(name) and name.isprintable() and not any(char in "/ " for char in name)


def _unset_variable(
    questions: Iterable[Question], answers: Mapping[str, str], environ: Mapping[str, str]
) -> str | None:
    named = (answers.get(q.name) for q in questions if q.kind == "variable")
    return next((name for name in named if name and not environ.get(name, "").strip()), None)


def _type_key(variable: str) -> dict[str, str]:
    echo(f"{variable} is not set. Type the key to test it now; it is not stored anywhere.")
    key: str = prompt(
        "Key (hidden, empty to continue)", default="", hide_input=True, show_default=False
    )
    return {variable: key.strip()} if key.strip() else {}


_PRIMARY = ("agents", "defaults", "model", "primary")


def edit_for(settings: Settings, primary: str | None) -> Callable[[str], str]:
    """Make the edit that writes settings, and the default model where there is one to write.

    Everything else in the document stays as it is.
    """

    def edit(text: str) -> str:
        for path, value in settings.items():
            text = set_value(text, path, value)
        return set_primary(text, primary) if primary is not None else text

    return edit


def lines_of(settings: Settings, primary: str | None) -> Iterable[str]:
    """The settings to be written, one line for each value. A guide's settings hold no secret."""
    values = dict(settings)
    if primary is not None:
        values[_PRIMARY] = primary
    for path, value in values.items():
        yield f"{format_path(path)}: {json.dumps(value, ensure_ascii=False)}"
