"""Edits of the configuration file: find it, edit its text, check the result, write it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import evolve, field, frozen

from modelwire.config.approvals import approve, digest_of, read_approvals
from modelwire.config.backups import keep_backup, needs_backup
from modelwire.config.file import locked_config, replace_config, target_of
from modelwire.config.load import check_text
from modelwire.config.source import (
    FILE_NAME,
    ConfigPlace,
    locate_config,
    open_config,
    own_config,
)
from modelwire.document import read_document, read_text
from modelwire.document.read import read_content
from modelwire.errors import ConfigError, Problem
from modelwire.files import SIZE_LIMITS
from modelwire.warnings import ModelwireWarning, warn_caller

__all__ = ["EditResult", "edit_config"]

_MARK = b"\xef\xbb\xbf"


@frozen
class EditResult:
    """The outcome of an edit.

    Attributes:
        path: The user's path of the file; a symbolic link stays one.
        changed: Whether the text changed, or would have without a dry run.
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
    trust: bool | None = None,
) -> EditResult:
    """Edit the configuration file, or create it.

    The file is the one that `find_config` finds; where there is none, the given one, the one that
    `$MODELWIRE_CONFIG` names, or the one in the user's configuration folder is created. An edit
    that returns an equal text touches nothing. Otherwise other processes are locked out, the result
    is checked like by the loader, and the file is replaced as a whole.

    A file of the working directory that is not trusted is not edited. An approved one stays approved
    with its new content, and a new one is approved; one that is trusted for this call alone, or
    because it was named, is not approved by an edit.

    Args:
        edit: Makes the new text from the old one; pure, because it may be called twice. For a file
            that does not exist it is given the empty text, or `{}` if it is called `*.json`.
        path: The file; by default the one that is found.
        environ: The environment variables; by default those of the process.
        cwd: The working directory; by default that of the process.
        dry_run: Whether to do everything except for writing.
        trust: As for `load_config`.

    Raises:
        ConfigError: The file is not trusted, cannot be read or written, the edit cannot be done, or
            its result is too large or has problems that the file did not have before. Nothing is
            written.
    """
    place = locate_config(path, environ, cwd)
    target = target_of(place.path)
    draft = _draft(edit, place, environ, trust)
    if dry_run or not draft.changed:
        return draft
    with locked_config(target):
        if not _still_holds(draft, target):
            # Another process has written while this one waited.
            draft = _draft(edit, place, environ, trust)
            if not draft.changed:
                return draft
        old = b"" if draft.created else read_content(target).raw
        mark = _MARK if old.startswith(_MARK) else b""
        if old != mark + draft.before.encode():
            msg = f"{place.path} was changed by another program at this moment."
            raise ConfigError(msg, hint="Nothing was written. Try again.")
        backup = None
        if _is_worth_keeping(draft.before, draft.after):
            backup = keep_backup(target, old)
        new = mark + draft.after.encode()
        replace_config(target, new)
        if _keeps_trust(place, target, None if draft.created else old, environ):
            _approve(place, target, new, environ)
    return evolve(draft, backup=backup)


def _draft(
    edit: Callable[[str], str],
    place: ConfigPlace,
    environ: Mapping[str, str] | None,
    trust: bool | None,
) -> EditResult:
    """Report the effect of an edit."""
    created = not place.path.exists()
    before = "" if created else _trusted_text(place, environ, trust)
    # A file that is named as plain JSON begins as such, which what is added then follows.
    given = "{}\n" if created and place.path.suffix == ".json" else before
    try:
        after = edit(given)
    except ConfigError as error:
        if error.problems and error.source is None:
            error.source = str(place.path)
        raise
    if after == given:
        return EditResult(place.path, False, before, before)
    _check_size(after, place.path)
    known = [] if created else check_text(before, place.path, environ)
    remaining = check_text(after, place.path, environ)
    old = {(problem.path, problem.message) for problem in known}
    new = [problem for problem in remaining if (problem.path, problem.message) not in old]
    if new:
        # Their lines are those of a text that is never shown.
        new = [evolve(problem, line=None) for problem in new]
        msg = "The change was not written, because the configuration would not be valid."
        raise ConfigError(msg, problems=new, source=str(place.path))
    return EditResult(place.path, True, before, after, None, created, tuple(remaining))


def _trusted_text(place: ConfigPlace, environ: Mapping[str, str] | None, trust: bool | None) -> str:
    file = open_config(place, environ, trust=trust)
    if file.distrust is None:
        return file.text
    # Otherwise an edit would approve what the user has never seen.
    msg = f"{file.path} is not trusted, so it is not edited: {file.distrust.reason}."
    raise ConfigError(msg, hint=f"{file.distrust.hint}\nOr name another file with --config.")


def _check_size(text: str, path: Path) -> None:
    limit = SIZE_LIMITS["configuration"]
    if len(text.encode("utf-8", "surrogatepass")) > limit:
        msg = f"{path} would be larger than {limit // 2**20} MiB, which a configuration may have."
        raise ConfigError(msg, hint="Nothing was written.")


def _still_holds(draft: EditResult, target: Path) -> bool:
    """Whether the file has not changed since the draft was made."""
    created = not target.exists()
    return created == draft.created and (created or read_text(target) == draft.before)


def _keeps_trust(
    place: ConfigPlace, target: Path, old: bytes | None, environ: Mapping[str, str] | None
) -> bool:
    """Whether the file counts as approved after the edit: it is new, or was approved before."""
    if place.path.name != FILE_NAME or place.path == own_config():
        return False  # it is never found in a working directory
    if old is None:
        return True
    try:
        approval = read_approvals(environ).get(target)
    except ConfigError:
        return False
    return approval is not None and approval.digest == digest_of(old)


def _approve(
    place: ConfigPlace, target: Path, raw: bytes, environ: Mapping[str, str] | None
) -> None:
    try:
        approve(target, raw, environ)
    except ConfigError as error:
        msg = f"{place.path} was written, but could not be approved: {error.message}"
        warn_caller(ModelwireWarning(msg))


def _is_worth_keeping(before: str, after: str) -> bool:
    if not before.strip():
        return False
    try:
        old = read_document(before, Path())[0]
    except ConfigError:  # an unreadable file may still be needed
        return True
    return needs_backup(old, read_document(after, Path())[0])
