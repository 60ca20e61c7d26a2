"""Sessions: conversations in files in pi's format, read, resumed and written.

A session is a file of JSON lines: a header, then entries that form a tree by `id` and `parentId`.
The last entry of the file is the current one. The format is that of pi's coding agent (version 3;
versions 1 and 2 are read), so that sessions move between the two programs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.sessions.directory import (
        SessionSummary,
        default_state_directory,
        find_session,
        list_sessions,
        new_session_path,
    )
    from modelwire.sessions.entries import Entry, SessionHeader
    from modelwire.sessions.reader import SessionFile, read_session
    from modelwire.sessions.replay import Conversation, replay
    from modelwire.sessions.session import Session

__all__ = [
    "Conversation",
    "Entry",
    "Session",
    "SessionFile",
    "SessionHeader",
    "SessionSummary",
    "default_state_directory",
    "find_session",
    "list_sessions",
    "new_session_path",
    "read_session",
    "replay",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "directory": (
            "SessionSummary",
            "default_state_directory",
            "find_session",
            "list_sessions",
            "new_session_path",
        ),
        "entries": (
            "Entry",
            "SessionHeader",
        ),
        "reader": (
            "SessionFile",
            "read_session",
        ),
        "replay": (
            "Conversation",
            "replay",
        ),
        "session": ("Session",),
    },
)
