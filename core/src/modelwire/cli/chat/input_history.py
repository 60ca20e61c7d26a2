"""The input history, kept across conversations.

The file is readable by its owner alone. A line in which something looks like a key or a password is
not kept in it: it can be recalled until the program ends, and is then forgotten.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit.history import FileHistory

from modelwire.files import OWNER_ONLY, locked, open_file, replace_file
from modelwire.redaction import looks_like_a_key

__all__ = ["PrivateHistory"]

_MOST = 1000
"""Entries that are kept."""

_PATIENCE = 0.5
"""Seconds to wait for another conversation that writes at this moment."""


class PrivateHistory(FileHistory):
    """Lines in a file of the user's alone, without those that hold keys.

    Args:
        path: The file; where it cannot be used, nothing is kept.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path
        self._usable = self._prepare()

    def load_history_strings(self) -> Iterable[str]:
        """The kept lines, newest first."""
        return super().load_history_strings() if self._usable else ()

    def store_string(self, string: str) -> None:
        """Keep a line, unless it holds a key."""
        if not self._usable or looks_like_a_key(string):
            return
        try:
            with locked(self._path, patience=_PATIENCE):
                if self._path.exists():
                    open_file(self._path).close()  # opening a FIFO for writing waits for a reader
                super().store_string(string)
        except TimeoutError:
            return  # another conversation is at it; this line is recalled in this one alone
        except OSError:
            self._usable = False

    def _prepare(self) -> bool:
        try:
            with locked(self._path, patience=_PATIENCE):
                if self._path.exists():
                    open_file(self._path).close()  # opening a FIFO for writing waits for a reader
                os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, OWNER_ONLY))
                self._path.chmod(OWNER_ONLY)
                self._trim()
        except OSError:
            return False
        return True

    def _trim(self) -> None:
        """Drop the oldest entries, when there are twice as many as are kept."""
        entries = self._path.read_bytes().split(b"\n# ")
        if len(entries) <= 2 * _MOST:
            return
        replace_file(self._path, b"\n# " + b"\n# ".join(entries[-_MOST:]))
