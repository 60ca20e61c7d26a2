"""The subcommand `modelwire answers`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from modelwire.cli import FiniteRange, echo, echo_json, printable
from modelwire.config import load_config
from modelwire_cache.settings import Settings
from modelwire_cache.store import CachedResponse, ResponseStore

__all__ = ["answers"]

_DAY = 86_400

_config = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The configuration file, as for other commands.",
)


@click.group()
def answers() -> None:
    """See and remove the answers that modelwire-cache has kept.

    \b
    modelwire answers list
    modelwire answers clear --older-than 30
    """  # noqa: D301 - \b keeps click from joining the lines


@answers.command("list")
@click.option("--json", "as_json", is_flag=True, help="JSON for programs.")
@_config
def list_answers(config_path: Path | None, *, as_json: bool) -> None:
    """List what is kept, newest first.

    \b
    modelwire answers list --json
    """  # noqa: D301 - \b keeps click from joining the lines
    settings = Settings.of(load_config(config_path))
    found = list(ResponseStore(settings.directory).listing())
    if as_json:
        data = {
            "directory": str(settings.directory),
            "mode": settings.mode,
            "answers": [
                {"path": str(k.path), "model": k.model, "keptAt": k.kept_at, "asked": k.asked}
                for k in found
            ],
        }
        echo_json(data, indent=2)
        return
    echo(f"Mode: {settings.mode}. Folder: {settings.directory}")
    for kept in found:
        when = datetime.fromtimestamp(kept.kept_at, UTC).strftime("%Y-%m-%d %H:%M")
        echo(printable(f"{kept.path.stem[:8]}  {when}  {kept.model}  {_question(kept)}"))
    if not found:
        echo("No answers are kept.")


@answers.command()
@click.option(
    "--older-than",
    type=FiniteRange(min=0),
    metavar="DAYS",
    help="Only answers that were kept longer ago.",
)
@_config
def clear(config_path: Path | None, older_than: float | None) -> None:
    """Remove kept answers.

    \b
    modelwire answers clear
    """  # noqa: D301 - \b keeps click from joining the lines
    settings = Settings.of(load_config(config_path))
    newest = time.time() - (older_than or 0) * _DAY
    gone = [kept for kept in ResponseStore(settings.directory).listing() if kept.kept_at <= newest]
    for kept in gone:
        kept.path.unlink(missing_ok=True)
    echo(f"Removed {len(gone)} {'answer' if len(gone) == 1 else 'answers'}.")


def _question(kept: CachedResponse) -> str:
    """The beginning of the last thing that was said before the answer."""
    said = [
        block
        for message in kept.asked.get("messages", [])
        for block in message["content"]
        if isinstance(block, str)
    ]
    text = " ".join(said[-1].split()) if said else ""
    return text if len(text) <= 40 else f"{text[:39]}…"
