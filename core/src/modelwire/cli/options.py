"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

__all__ = ["FiniteRange", "check_output", "config_option", "output_options"]

F = TypeVar("F", bound=Callable[..., Any])

config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The configuration file. By default $MODELWIRE_CONFIG, ./modelwire.json5, or the one in "
    "the user's configuration folder.",
)


class FiniteRange(click.FloatRange):
    """A number in a range, but neither `nan` nor `inf`, which compare with no range."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read the number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a number to count with.", param, ctx)
        return number


def output_options(command: F) -> F:
    """Add `--json` and `--plain`, of which only one may be given; see `check_output`."""
    command = click.option("--plain", is_flag=True, help="One name per line.")(command)
    return click.option("--json", "as_json", is_flag=True, help="JSON for programs.")(command)


def check_output(*, as_json: bool, plain: bool) -> None:
    """Refuse two forms of output at once."""
    if as_json and plain:
        msg = "Choose either --json or --plain, not both."
        raise click.UsageError(msg)
