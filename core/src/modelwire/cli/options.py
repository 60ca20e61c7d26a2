"""Shared command-line options."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from modelwire.cli.completion import complete_reference
from modelwire.cli.diagnostics import diagnostics

__all__ = [
    "REASONING_LEVELS",
    "FiniteRange",
    "WholeRange",
    "check_output",
    "config_option",
    "dry_run_option",
    "force_option",
    "json_option",
    "model_option",
    "output_options",
    "system_option",
]

REASONING_LEVELS = ("off", "minimal", "low", "medium", "high", "xhigh", "max")
"""The levels of reasoning: `ReasoningLevel`, without importing the models."""

F = TypeVar("F", bound=Callable[..., Any])

config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The configuration file. By default $MODELWIRE_CONFIG, ./modelwire.json5, or the one in "
    "the user's configuration folder.",
)

model_option = click.option(
    "-m",
    "--model",
    metavar="REF",
    help="provider/model-id, an alias, or a unique name.",
    shell_complete=complete_reference,
)

system_option = click.option("-s", "--system", metavar="TEXT", help="The system prompt.")

dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Show what would change, and check it, but write nothing."
)


force_option = click.option(
    "--force", is_flag=True, help="Save the model even if it cannot be used now."
)


def _fail_as_json(_: click.Context, __: click.Parameter, given: bool) -> bool:
    diagnostics().as_json = given
    return given


json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    callback=_fail_as_json,
    help="Print JSON, also for errors.",
)
"""`--json`: the command prints JSON, and so does a failure of it."""


class FiniteRange(click.FloatRange):
    """A number in a range, but neither `nan` nor `inf`, which compare with no range."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read the number."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


class WholeRange(click.IntRange):
    """A whole number in a range, called so where it is not one."""

    name = "whole number"


def output_options(command: F) -> F:
    """Add `--json` and `--plain`, of which only one may be given; see `check_output`."""
    command = click.option("--plain", is_flag=True, help="One name per line.")(command)
    return json_option(command)


def check_output(*, as_json: bool, plain: bool) -> None:
    """Refuse two forms of output at once."""
    if as_json and plain:
        msg = "Choose either --json or --plain, not both."
        raise click.UsageError(msg)
