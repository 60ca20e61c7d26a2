"""The directory of sessions, and the search for one of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from modelwire.errors import SessionError
from modelwire.files import default_state_directory
from modelwire.messages import Text, UserMessage
from modelwire.sessions.entries import SessionHeader
from modelwire.sessions.reader import read_header, read_session
from modelwire.sessions.replay import branch_of, replay

__all__ = [
    "SessionSummary",
    "default_state_directory",
    "find_session",
    "list_sessions",
    "new_session_path",
]


@frozen
class SessionSummary:
    """The summary of a closed session.

    Attributes:
        path: Its file.
        header: Its header.
        changed_at: When it was last written, in seconds since 1970.
    """

    path: Path
    header: SessionHeader
    changed_at: float

    def opening(self) -> str:
        """The first words of the user, on one line; empty if there are none."""
        try:
            file = read_session(self.path)
        except SessionError:
            return ""
        leaf = file.entries[-1].id if file.entries else None
        for message in replay(branch_of(file.entries, leaf)).messages:
            if isinstance(message, UserMessage):
                texts = (block.text for block in message.content if isinstance(block, Text))
                return " ".join(" ".join(texts).split())
        return ""


def new_session_path(directory: Path, header: SessionHeader) -> Path:
    """Name the file of a session as pi does, by its time and its id."""
    stamp = str(header.data["timestamp"]).replace(":", "-").replace(".", "-")
    return directory / f"{stamp}_{header.id}.jsonl"


def list_sessions(directory: Path, *, cwd: str | None = None) -> Iterator[SessionSummary]:
    """The sessions in a folder, the most recently written first.

    Args:
        directory: The folder; one that does not exist holds none.
        cwd: Only sessions that were held in this folder.
    """
    found: list[tuple[float, Path]] = []
    for path in directory.glob("*.jsonl"):
        try:
            found.append((path.stat().st_mtime, path))
        except OSError:
            continue
    for changed_at, path in sorted(found, reverse=True):
        header = read_header(path)
        if header is not None and cwd in (None, header.cwd):
            yield SessionSummary(path, header, changed_at)


def find_session(directory: Path, name: str) -> SessionSummary:
    """The session whose id begins with `name`.

    Raises:
        SessionError: No session's id begins so, or several do.
    """
    folded = name.strip().lower()
    fitting = [found for found in list_sessions(directory) if found.header.id.startswith(folded)]
    exact = [found for found in fitting if found.header.id == folded]
    if len(exact or fitting) == 1:
        return (exact or fitting)[0]
    if fitting:
        msg = f"The ids of {len(fitting)} sessions begin with {name!r}."
        raise SessionError(msg, hint="Write more of it.")
    msg = f"No session's id begins with {name!r} in {directory}."
    raise SessionError(msg, hint="`modelwire chat --resume` lists the sessions.")
