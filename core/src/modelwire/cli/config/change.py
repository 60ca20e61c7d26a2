"""Changes of the configuration file: edited, checked, written and reported."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path as FilePath
from typing import Any

from attrs import Factory, define

from modelwire.cli.config.references import check_new_references
from modelwire.cli.config.values import environment
from modelwire.cli.errors import issue_json, show_note
from modelwire.cli.output import echo, echo_json
from modelwire.cli.styled import style
from modelwire.config.config import SUMMARY
from modelwire.config.edit import EditResult, edit_config
from modelwire.config.known_paths import look_up_path
from modelwire.config.redaction import redact_text
from modelwire.config.source import config_place
from modelwire.document import Path, format_path, line_of, read_value
from modelwire.errors import ConfigError, Problem
from modelwire.structuring import describe

__all__ = ["Change", "Report", "change_file", "redacted_diff"]

_CONTEXT = 3


def redacted_diff(before: str, after: str, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a unified diff.

    The texts themselves are compared, so that a changed secret shows as a change, from hidden to
    hidden.

    Args:
        before: JSON5 text.
        after: JSON5 text.
        environ: The variables that are set; their names are no secrets.
    """
    old, new = before.splitlines(), after.splitlines()
    old_shown = redact_text(before, environ).splitlines()
    new_shown = redact_text(after, environ).splitlines()
    for group in SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(_CONTEXT):
        first, last = group[0], group[-1]
        old_span, new_span = _span(first[1], last[2]), _span(first[3], last[4])
        yield f"@@ -{old_span} +{new_span} @@"
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                yield from (f" {line}" for line in old_shown[old_start:old_end])
                continue
            yield from (f"-{line}" for line in old_shown[old_start:old_end])
            yield from (f"+{line}" for line in new_shown[new_start:new_end])


def _span(start: int, end: int) -> str:
    return f"{start + 1 if end > start else start},{end - start}"


@define
class Report:
    """The requested change, and the findings on the way.

    Attributes:
        verb: What was done, such as `Set`.
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

    def show(self, written: EditResult, *, as_json: bool, dry_run: bool) -> None:
        """Print the outcome."""
        if as_json:
            echo_json(self.to_json(written, dry_run=dry_run), indent=2)
            return
        if not written.changed:
            echo(f"No change: {written.path} already has this.")
        elif dry_run:
            _show_diff(written)
            show_note("Dry run: nothing was written.")
        else:
            where = f"the new file {written.path}" if written.created else f"{written.path}"
            echo(f"{self.verb} {self._named()} in {where}.")
        for note in self._all_notes(written):
            show_note(f"Note: {note}")

    def to_json(self, written: EditResult, *, dry_run: bool) -> dict[str, Any]:
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

    def _all_notes(self, written: EditResult) -> Iterator[str]:
        yield from self.notes
        if written.backup:
            yield f"the old file is saved as {written.backup}"
        for problem in written.remaining:
            yield f"still wrong in the file: {problem}"


def _show_diff(written: EditResult) -> None:
    known = environment(read_value(written.after, ()))
    colours = {"+": "green", "-": "red", "@": "cyan"}
    for line in redacted_diff(written.before, written.after, known):
        echo(style(line, fg=colours.get(line[:1])))


Change = Callable[[str, FilePath, Report], str]
"""Makes the new text from the old one, given the file and the report."""


def change_file(
    change: Change,
    report: Report,
    config_path: FilePath | None,
    *,
    as_json: bool,
    dry_run: bool,
    force: bool = False,
) -> None:
    """Change the configuration file, and print what became of it.

    Args:
        change: Makes the new text.
        report: The report to fill in and print.
        config_path: The file; by default the one that is found.
        as_json: Print JSON.
        dry_run: Write nothing.
        force: Accept models that cannot be used now.

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
        checked = check_new_references(text, after, place, force=force)
        report.refs_checked, report.notes = checked.count, report.notes + checked.notes
        return after

    written = edit_config(edit, config_path, dry_run=dry_run)
    report.show(written, as_json=as_json, dry_run=dry_run)


def _check_is_object(text: str, place: FilePath) -> None:
    """Refuse to change what is no configuration; an empty file is one that says nothing."""
    from modelwire.document import parse

    document = read_value(text, ())
    if isinstance(document, dict):
        return
    root = parse(text).root
    if root is not None:
        found = f"expected an object at the top level, found {describe(document)}"
        line = line_of(text, root.start)[0]
        hint = f"Nothing was changed. Replace the contents of {place} with {{}}, and try again."
        problems = [Problem("", found, line)]
        raise ConfigError(SUMMARY, problems=problems, source=str(place), hint=hint)


def _note(text: str, path: Path) -> str | None:
    """A warning if nothing reads the written setting, or `None`."""
    finding = look_up_path(path)
    if finding.verdict == "read" or read_value(text, path) is None:
        return None
    if finding.near:
        return f"{finding.path} may be misspelt. Did you mean {finding.near}?"
    if finding.verdict == "unread":
        return f"modelwire does not use {finding.path}; it is kept for other programs"
    return None
