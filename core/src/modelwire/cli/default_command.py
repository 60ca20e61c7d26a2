"""Groups with a default command: `modelwire models --json` is `modelwire models status --json`."""

from __future__ import annotations

import click

__all__ = ["DefaultGroup"]


class DefaultGroup(click.Group):
    """A group that runs one of its commands where none is named.

    Args:
        default: The name of that command.
    """

    def __init__(self, *arguments: object, default: str, **settings: object) -> None:
        super().__init__(*arguments, **settings)  # type: ignore[arg-type] # as click gives them
        self.default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the default command before options, where no command is named."""
        asked_for_help = set(args) & set(ctx.help_option_names)
        named = any(arg in self.commands for arg in args)
        if not ctx.resilient_parsing and not named and not asked_for_help:
            first = args[0] if args else "-"
            if first.startswith("-"):
                args = [self.default, *args]
        return super().parse_args(ctx, args)
