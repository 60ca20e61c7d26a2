"""Options for the tools of installed packages, as `--mcp` of modelwire-mcp."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click
from attrs import frozen

if TYPE_CHECKING:
    from modelwire.config import Config
    from modelwire.registry import Claim
    from modelwire.tools import ToolSource, ToolSources

__all__ = ["SourceChoice", "SourceCommand", "chosen_sources", "installed_sources"]

_CHOSEN = "modelwire.tool_sources"


@frozen
class SourceChoice:
    """A source that an option of the command line names.

    Attributes:
        claim: The entry point that the option is of.
        text: The value of the option.
    """

    claim: Claim
    text: str

    def open(self, config: Config) -> ToolSource:
        """The source.

        Raises:
            ConfigError: There is none of the name, or its configuration cannot be read.
            PluginError: The package that offers it cannot be imported.
        """
        return _load(self.claim).named(config, self.text)


class SourceCommand(click.Command):
    """A command with an option for each kind of sources that an installed package offers."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The options of the command, and those of installed packages; help comes last."""
        own = super().get_params(ctx)
        taken = {name for parameter in own for name in parameter.opts}
        added = [option for option in _options() if not taken.intersection(option.opts)]
        return [*own[:-1], *added, *own[-1:]]


def chosen_sources() -> list[SourceChoice]:
    """The sources that the user of the running command named, in the order of their options."""
    context = click.get_current_context(silent=True)
    return [] if context is None else list(context.meta.get(_CHOSEN, ()))


def installed_sources() -> dict[str, Claim]:
    """The kinds of sources that installed packages offer; one that two packages claim is left out."""
    from modelwire.registry.claims import installed_claims, undisputed

    return undisputed(installed_claims(), "tools")


def _options() -> Iterator[click.Option]:
    for name, claim in installed_sources().items():
        yield _SourceOption(name, claim)


class _SourceOption(click.Option):
    """An option that may be given several times; what it says of itself is imported for `--help`."""

    def __init__(self, name: str, claim: Claim) -> None:
        super().__init__(
            [f"--{name}"], multiple=True, metavar="SOURCE", expose_value=False, callback=self._keep
        )
        self._claim = claim

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The package's description of the option."""
        from modelwire.errors import PluginError

        try:
            described = _load(self._claim)
        except PluginError:
            self.help = f"Not usable: {self._claim.distribution} cannot be imported."
        else:
            self.help, self.metavar = described.help, described.metavar
        return super().get_help_record(ctx)

    def _keep(self, ctx: click.Context, _: click.Parameter, given: Sequence[str]) -> None:
        chosen = ctx.meta.setdefault(_CHOSEN, [])
        chosen += [SourceChoice(self._claim, text) for text in given]


def _load(claim: Claim) -> ToolSources:
    from modelwire.registry.loader import load_tool_sources

    return load_tool_sources(claim)
