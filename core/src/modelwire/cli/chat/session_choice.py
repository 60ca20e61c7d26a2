"""The choice of the session that a chat is kept in."""

from __future__ import annotations

import os
from datetime import datetime
from itertools import islice
from pathlib import Path

from attrs import frozen

from modelwire.cli.text import align, room
from modelwire.errors import SessionError
from modelwire.sessions import (
    Session,
    SessionSummary,
    default_state_directory,
    find_session,
    list_sessions,
)

__all__ = ["SessionOptions", "list_lines", "new_session", "open_session", "recent_sessions"]

_RECENT = 10


@frozen
class SessionOptions:
    """The session options of the command line.

    Attributes:
        resume: The beginning of an id.
        last: Whether to continue the last one of this folder.
        file: A file.
        none: Whether nothing is to be kept.
    """

    resume: str | None = None
    last: bool = False
    file: Path | None = None
    none: bool = False


def new_session(*, kept: bool = True, parent: Path | None = None) -> Session:
    """Begin a session in the user's folder, or one that is not kept."""
    if not kept:
        return Session.create(None, cwd=_cwd(), parent=parent)
    return Session.create_in(sessions_directory(), cwd=_cwd(), parent=parent)


def open_session(options: SessionOptions) -> tuple[Session, bool]:
    """The requested session, and whether it has earlier messages.

    Raises:
        SessionError: It does not exist, is damaged, or is in use.
    """
    if options.file is not None:
        if options.file.exists() and options.file.stat().st_size:
            return Session.open(options.file), True
        return Session.create(options.file, cwd=_cwd()), False
    if options.resume is not None:
        return Session.open(_named(options.resume)), True
    if options.last:
        found = next(list_sessions(sessions_directory(), cwd=_cwd()), None)
        if found is None:
            msg = "There is no conversation to continue in this folder."
            raise SessionError(msg, hint="`modelwire chat --resume` lists those of all folders.")
        return Session.open(found.path), True
    return new_session(kept=not options.none), False


def sessions_directory() -> Path:
    """The folder of the sessions."""
    return default_state_directory() / "sessions"


def recent_sessions() -> list[SessionSummary]:
    """The sessions that were written last."""
    return list(islice(list_sessions(sessions_directory()), _RECENT))


def list_lines(found: list[SessionSummary]) -> list[str]:
    """One line for each session: its number, its id, when it was, and how it began."""
    rows = [
        (
            str(number),
            summary.header.id[:8],
            datetime.fromtimestamp(summary.changed_at).strftime("%Y-%m-%d %H:%M"),  # noqa: DTZ006
            summary.opening()[:40],
        )
        for number, summary in enumerate(found, 1)
    ]
    return list(align(rows, room=room())) if rows else ["No conversation has been saved yet."]


def _named(name: str) -> Path:
    """A session by its file or the beginning of its id."""
    path = Path(name)
    if path.suffix == ".jsonl" and path.is_file():
        return path
    return find_session(sessions_directory(), name).path


def _cwd() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - a folder that was removed is no reason to stop
    except OSError:
        return ""
