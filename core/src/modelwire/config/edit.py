"""Edits of the configuration file: find it, edit its text, check the result, write it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import evolve, field, frozen

from modelwire.config.backups import keep_backup, needs_backup
from modelwire.config.file import locked_config, replace_config, target_of
from modelwire.config.load import check_text, config_place
from modelwire.document import read_document, read_text
from modelwire.errors import ConfigError, Problem

__all__ = ["EditResult", "edit_config"]

_MARK = b"\xef\xbb\xbf"


@frozen
class EditResult:
    """What became of an edit.

    Attributes:
        path: The file as the user knows it; a symbolic link stays one.
        changed: Whether the text is another one now, or would be after a dry run.
        before: The text before; empty where there was no file.
        after: The text after.
        backup: The copy of the old file, or `None` where none was made.
        created: Whether the file was created, or would be.
        remaining: Problems that the file had before and still has.
    """

    path: Path
    changed: bool
    before: str = field(repr=False)
    after: str = field(repr=False)
    backup: Path | None = None
    created: bool = False
    remaining: tuple[Problem, ...] = ()


def edit_config(
    edit: Callable[[str], str],
    path: str | os.PathLike[str] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    dry_run: bool = False,
) -> EditResult:
    """Edit the configuration file, or create it.

    The file is the one that `find_config` finds; where there is none, the given one, the one that
    `$MODELWIRE_CONFIG` names, or the one in the user's configuration folder is created. An edit
    that returns an equal text touches nothing. Otherwise other processes are locked out, the result
    is checked as the loader would check it, and the file is replaced as a whole.

    Args:
        edit: Makes the new text of the old one; pure, because it may be called twice. For a file
            that does not exist it is given the empty text.
        path: The file; by default the one that is found.
        environ: The environment variables; by default those of the process.
        cwd: The working directory; by default that of the process.
        dry_run: Do everything but write.

    Raises:
        ConfigError: The file cannot be read or written, the edit cannot be done, or its result has
            problems that the file did not have before. Nothing is written.
    """
    place = config_place(path, environ, cwd)
    target = target_of(place)
    draft = _draft(edit, place, target, environ)
    if dry_run or not draft.changed:
        return draft
    with locked_config(target):
        if not _still_holds(draft, target):
            # Another process has written while this one waited.
            draft = _draft(edit, place, target, environ)
            if not draft.changed:
                return draft
        old = b"" if draft.created else target.read_bytes()
        mark = _MARK if old.startswith(_MARK) else b""
        if old != mark + draft.before.encode():
            msg = f"{place} was changed by another program at this moment."
            raise ConfigError(msg, hint="Nothing was written. Try again.")
        backup = None
        if _is_worth_keeping(draft.before, draft.after):
            backup = keep_backup(target, old)
        replace_config(target, mark + draft.after.encode())
    return EditResult(
        place, True, draft.before, draft.after, backup, draft.created, draft.remaining
    )


def _draft(
    edit: Callable[[str], str], place: Path, target: Path, environ: Mapping[str, str] | None
) -> EditResult:
    """Say what an edit would do."""
    created = not target.exists()
    before = "" if created else read_text(target)
    try:
        after = edit(before)
    except ConfigError as error:
        if error.problems and error.source is None:
            error.source = str(place)
        raise
    if after == before:
        return EditResult(place, False, before, after)
    known = [] if created else check_text(before, place, environ)
    remaining = check_text(after, place, environ)
    old = {(problem.path, problem.message) for problem in known}
    new = [problem for problem in remaining if (problem.path, problem.message) not in old]
    if new:
        # Their lines are those of a text that nobody will see.
        new = [evolve(problem, line=None) for problem in new]
        msg = "The change was not written, because the configuration would not be valid."
        raise ConfigError(msg, problems=new, source=str(place))
    return EditResult(place, True, before, after, None, created, tuple(remaining))


def _still_holds(draft: EditResult, target: Path) -> bool:
    """Whether the file is as it was when the draft was made."""
    created = not target.exists()
    return created == draft.created and (created or read_text(target) == draft.before)


def _is_worth_keeping(before: str, after: str) -> bool:
    if not before.strip():
        return False
    try:
        old = read_document(before, Path())[0]
    except ConfigError:  # what could not be read may still be wanted
        return True
    return needs_backup(old, read_document(after, Path())[0])
