"""Options that the commands of this group share."""

from __future__ import annotations

import click

__all__ = ["dry_run_option", "json_option"]

json_option = click.option("--json", "as_json", is_flag=True, help="JSON for programs.")

dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Show what would change, and check it, but write nothing."
)
