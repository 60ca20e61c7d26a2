"""`modelwire config unset`."""

from __future__ import annotations

from pathlib import Path

import click

from modelwire.cli.completion import complete_config_path
from modelwire.cli.options import config_option, dry_run_option, json_option

__all__ = ["unset"]


@click.command()
@click.argument("path", shell_complete=complete_config_path)
@dry_run_option
@json_option
@config_option
def unset(path: str, dry_run: bool, as_json: bool, config_path: Path | None) -> None:
    """Remove what is at PATH, so that its default applies.

    \b
    modelwire config unset agents.defaults.timeoutSeconds
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire.cli.config.change import Report, change_file
    from modelwire.cli.config.operations import ConfigOperation

    operation = ConfigOperation(path, how="unset", mode="unset")
    change_file(operation.apply, Report("Removed"), config_path, as_json=as_json, dry_run=dry_run)
