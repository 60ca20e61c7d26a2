"""The reader of session files.

A damaged line, such as one cut by a kill or a full disk, must not cost the conversation: it is
skipped and noted with its number. Only a file that is not a session at all is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from attrs import frozen

from modelwire.errors import Problem, SessionError
from modelwire.files import open_file, read_file
from modelwire.messages.depth import MESSAGE_DEPTH
from modelwire.sessions.entries import CURRENT_VERSION, Entry, SessionHeader, new_id
from modelwire.structuring import TOO_DEEP, cut_deep, is_deep, is_shallow

__all__ = ["SessionFile", "parse_session", "read_header", "read_session"]

_Line = tuple[int, dict[str, Any]]
_LINE_DEPTH = MESSAGE_DEPTH + 1


@frozen
class SessionFile:
    """The contents of a session file.

    Attributes:
        header: Its first line, unchanged.
        entries: The others in the order of the file, converted to the current version.
        notes: The lines that were skipped or repaired, each with its line.
        sound_bytes: The size of the whole lines; the rest of the file is a cut entry.
    """

    header: SessionHeader
    entries: tuple[Entry, ...]
    notes: tuple[Problem, ...]
    sound_bytes: int


def read_session(path: Path) -> SessionFile:
    """Read the file of a session.

    Raises:
        SessionError: It cannot be read, or it is not a session of a known version.
    """
    try:
        data = read_file(path, "session").raw
    except OSError as error:
        msg = f"Cannot read {path}: {error.strerror or error}."
        raise SessionError(msg, source=str(path)) from error
    return parse_session(data, source=str(path))


def read_header(path: Path) -> SessionHeader | None:
    """The header alone; `None` where the file has none or cannot be read."""
    try:
        with open_file(path) as file:
            data = json.loads(file.readline(65_536))
    except (OSError, ValueError, RecursionError):
        return None
    return SessionHeader(data) if _is_header(data) else None


def parse_session(data: bytes, *, source: str | None = None) -> SessionFile:
    """Read the bytes of a session.

    Args:
        data: The whole file.
        source: Its name in errors.

    Raises:
        SessionError: It is not a session of a known version.
    """
    lines, notes, sound = _objects(data)
    if not lines or lines[0][0] != 1 or not _is_header(lines[0][1]):
        found = Problem("", 'expected {"type": "session", "id": ...}', 1)
        msg = "This is not a session: its first line is not a header."
        raise SessionError(msg, problems=[found], source=source)
    header = SessionHeader(lines[0][1])
    if header.version > CURRENT_VERSION:
        msg = f"This session has version {header.version}; up to {CURRENT_VERSION} is known."
        raise SessionError(msg, source=source, hint="A newer modelwire may read it.")
    entries = [line for line in lines[1:] if line[1].get("type") != "session"]
    if header.version < 2:
        _link(entries, lines)
    return SessionFile(header, tuple(_sound_tree(entries, notes)), tuple(notes), sound)


def _objects(data: bytes) -> tuple[list[_Line], list[Problem], int]:
    """The lines that are JSON objects, the problems of others, and the end of the whole lines."""
    found: list[_Line] = []
    notes: list[Problem] = []
    pieces = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    sound = len(data)
    for number, piece in enumerate(pieces, 1):
        if not piece.strip():
            continue
        try:
            value = json.loads(piece)
            if isinstance(value, dict):
                found.append((number, _cut_line(value, piece, number, notes)))
                continue
            reason = "it is not a JSON object"
        except RecursionError:
            reason = f"it is {TOO_DEEP}"
        except ValueError:
            reason = "it is not JSON"
        if number == len(pieces):
            reason = "it was cut while it was written"
            sound -= len(piece)
        notes.append(Problem("", f"this line is left out: {reason}", number))
    return found, notes, sound


def _cut_line(
    value: dict[str, Any], piece: bytes, number: int, notes: list[Problem]
) -> dict[str, Any]:
    """A line without data that is nested too deep, such as arguments of a tool call."""
    if is_shallow(piece) or not is_deep(value, _LINE_DEPTH):
        return value
    notes.append(Problem("", f"what is {TOO_DEEP} in this line is left out", number))
    cut: dict[str, Any] = cut_deep(value, _LINE_DEPTH)
    return cut


def _is_header(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.get("type") == "session"
        and isinstance(value.get("id"), str)
    )


def _link(entries: Iterable[_Line], lines: list[_Line]) -> None:
    """Give the entries of version 1, which are in file order, the ids that version 2 has."""
    ids: set[str] = set()
    for _, data in entries:
        data["id"] = new_id(ids)
        ids.add(data["id"])
    for _, data in entries:
        # A compaction of version 1 counts the lines that it keeps from, the header included.
        index = data.pop("firstKeptEntryIndex", None)
        if isinstance(index, int) and 0 <= index < len(lines):
            data["firstKeptEntryId"] = lines[index][1].get("id")


def _sound_tree(entries: Iterable[_Line], notes: list[Problem]) -> Iterable[Entry]:
    """Entries with unique ids whose parents come before them."""
    seen: set[str] = set()
    last: str | None = None
    for number, data in entries:
        parent = data.setdefault("parentId", last)
        if not isinstance(data.get("id"), str) or data["id"] in seen:
            data["id"] = new_id(seen)
        if parent is not None and not (isinstance(parent, str) and parent in seen):
            data["parentId"] = last
            notes.append(
                Problem("parentId", "its parent is missing; it is moved to the end", number)
            )
        seen.add(data["id"])
        last = data["id"]
        yield Entry(data, number)
