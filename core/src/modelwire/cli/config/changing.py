"""Carrying out a change: make the edit, check it, write it, tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path as FilePath

from modelwire.cli.config.references import check_new_references
from modelwire.cli.config.reporting import Report
from modelwire.config.configuration import SUMMARY
from modelwire.config.editing import read_value
from modelwire.config.known_paths import look_up_path
from modelwire.config.loading import config_place
from modelwire.config.paths import Path
from modelwire.config.tokens import line_of
from modelwire.config.writing import edit_config
from modelwire.errors import ConfigError, Problem
from modelwire.structuring import describe

__all__ = ["Change", "change_file"]

Change = Callable[[str, FilePath, Report], str]
"""Makes a new text of an old one; the file it is from and the report stand beside it."""


def change_file(
    change: Change, report: Report, config_path: FilePath | None, *, as_json: bool, dry_run: bool
) -> None:
    """Change the configuration file, and print what became of it.

    Raises:
        ConfigError: It cannot be done; nothing was written.
    """
    place = config_place(config_path)

    def edit(text: str) -> str:
        _check_is_object(text, place)
        # It is made once more where another program has changed the file meanwhile.
        report.paths, report.modes, report.notes = [], [], []
        after = change(text, place, report)
        report.notes += [note for path in report.paths if (note := _note(after, path))]
        check_new_references(text, after, place, report)
        return after

    written = edit_config(edit, config_path, dry_run=dry_run)
    report.show(written, as_json=as_json, dry_run=dry_run)


def _check_is_object(text: str, place: FilePath) -> None:
    """Refuse to change what is no configuration; an empty file is one that says nothing."""
    from modelwire.config.syntax import parse

    document = read_value(text, ())
    if isinstance(document, dict):
        return
    root = parse(text).root
    if root is not None:
        found = f"expected an object at the top level, found {describe(document)}"
        line = line_of(text, root.start)[0]
        hint = f"Nothing was changed. Put {{}} in place of what stands in {place}, and try again."
        problems = [Problem("", found, line)]
        raise ConfigError(SUMMARY, problems=problems, source=str(place), hint=hint)


def _note(text: str, path: Path) -> str | None:
    """Say that nobody reads what was written, where that is so."""
    finding = look_up_path(path)
    if finding.verdict == "read" or read_value(text, path) is None:
        return None
    if finding.near:
        return f"{finding.path} may be misspelt. Did you mean {finding.near}?"
    if finding.verdict == "unread":
        return f"modelwire itself reads nothing at {finding.path}; it is kept for other programs"
    return None
