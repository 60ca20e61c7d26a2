"""How a change ended, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click
from attrs import Factory, define

from modelwire.cli.config.diffing import redacted_diff
from modelwire.cli.config.values import environment
from modelwire.cli.documents import json_text
from modelwire.cli.failures import issue_json, show_note
from modelwire.config.editing import read_value
from modelwire.config.paths import Path, format_path
from modelwire.config.writing import Written

__all__ = ["Report"]


@define
class Report:
    """What was asked for, and what was found on the way.

    Attributes:
        verb: What was done, as `Set`.
        paths: What was changed.
        modes: How each value was given: `value`, `json`, `builder`, `unset` or `patch`.
        refs_checked: How many references to models were checked.
        notes: What the user should know.
    """

    verb: str
    paths: list[Path] = Factory(list)
    modes: list[str] = Factory(list)
    refs_checked: int = 0
    notes: list[str] = Factory(list)

    def show(self, written: Written, *, as_json: bool, dry_run: bool) -> None:
        """Print what became of it."""
        if as_json:
            click.echo(json_text(self.to_json(written, dry_run=dry_run), indent=2))
            return
        if not written.changed:
            click.echo(f"No change: {written.path} says so already.")
        elif dry_run:
            _show_diff(written)
            show_note("Dry run: nothing was written.")
        else:
            where = f"the new file {written.path}" if written.created else f"{written.path}"
            click.echo(f"{self.verb} {self._named()} in {where}.")
        for note in self._all_notes(written):
            show_note(f"Note: {note}")

    def to_json(self, written: Written, *, dry_run: bool) -> dict[str, Any]:
        """The same for programs."""
        return {
            "ok": True,
            "dryRun": dry_run,
            "changed": written.changed,
            "configPath": str(written.path),
            "created": written.created,
            "backup": str(written.backup) if written.backup else None,
            "operations": len(self.paths),
            "paths": [format_path(path) for path in self.paths],
            "inputModes": sorted(set(self.modes)),
            "checks": {
                "schema": True,
                "resolvability": True,
                "resolvabilityComplete": not written.remaining,
            },
            "refsChecked": self.refs_checked,
            "notes": self.notes,
            "issues": [issue_json(problem) for problem in written.remaining],
        }

    def _named(self) -> str:
        names = list(dict.fromkeys(format_path(path) for path in self.paths))
        return ", ".join(names) if len(names) <= 3 else f"{len(names)} values"

    def _all_notes(self, written: Written) -> Iterator[str]:
        yield from self.notes
        if written.backup:
            yield f"the old file is kept as {written.backup}"
        for problem in written.remaining:
            yield f"still wrong in the file: {problem}"


def _show_diff(written: Written) -> None:
    known = environment(read_value(written.after, ()))
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in redacted_diff(written.before, written.after, known):
        click.secho(line, fg=colours.get(line[:1]))
