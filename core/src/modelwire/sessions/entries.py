"""Entries of a session file: the header and the lines after it.

An entry is kept as its JSON object. Entries of unknown kinds keep their
place in the tree and every key.
"""

from __future__ import annotations

import uuid
from collections.abc import Container, Mapping
from datetime import UTC, datetime
from typing import Any, Self

from attrs import frozen

__all__ = ["CURRENT_VERSION", "Entry", "SessionHeader", "new_id", "now"]

CURRENT_VERSION = 3
"""The version of the format that is written: pi's, since it renamed the role `hookMessage`."""


def now() -> str:
    """The time as sessions write it: UTC in milliseconds, as `2026-01-02T03:04:05.678Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id(taken: Container[str] = ()) -> str:
    """An id for an entry: eight hexadecimal digits that are not in use."""
    while True:
        made = uuid.uuid4().hex[:8]
        if made not in taken:
            return made


@frozen
class SessionHeader:
    """The first line of a session.

    Attributes:
        data: The line as a JSON object.
    """

    data: Mapping[str, Any]

    @classmethod
    def new(cls, cwd: str, *, parent: str | None = None) -> Self:
        """Make the header of a new session.

        Args:
            cwd: The folder that the conversation is held in.
            parent: The file of the session that this one continues.
        """
        data: dict[str, Any] = {
            "type": "session",
            "version": CURRENT_VERSION,
            "id": str(uuid.uuid4()),
            "timestamp": now(),
            "cwd": cwd,
        }
        return cls({**data, "parentSession": parent} if parent else data)

    @property
    def id(self) -> str:
        """The session's id."""
        return str(self.data["id"])

    @property
    def version(self) -> int:
        """The version of the format; headers of the first version do not contain it."""
        version = self.data.get("version", 1)
        return version if isinstance(version, int) else 1

    @property
    def cwd(self) -> str:
        """The folder that the conversation was held in; empty where it is not known."""
        cwd = self.data.get("cwd")
        return cwd if isinstance(cwd, str) else ""


@frozen
class Entry:
    """One line of a session after the header.

    Attributes:
        data: The line as a JSON object.
        line: Its line in the file, counted from 1; 0 for one that was not read from a file.
    """

    data: Mapping[str, Any]
    line: int = 0

    @property
    def id(self) -> str:
        """Its id, unique in a session."""
        return str(self.data["id"])

    @property
    def parent_id(self) -> str | None:
        """The id of the entry that it follows, or `None` for a first one."""
        parent = self.data.get("parentId")
        return parent if isinstance(parent, str) else None

    @property
    def kind(self) -> str:
        """The kind of the entry: `message`, `model_change`, `compaction` and others."""
        return str(self.data.get("type"))
