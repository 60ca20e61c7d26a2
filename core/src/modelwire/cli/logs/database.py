"""The log's database: one SQLite file of the user's alone."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from modelwire.errors import ModelwireError
from modelwire.files import OWNER_ONLY, default_state_directory, open_file

__all__ = ["MIGRATIONS", "LogDatabase", "LogUnusable", "log_path"]

_PATIENCE = 2.0
"""Seconds to wait for another process that writes at this moment."""

_LONGEST_CONVERSATION = 10_000

MIGRATIONS: Sequence[str] = (
    """
    CREATE TABLE answers (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        previous INTEGER REFERENCES answers (id),
        at INTEGER NOT NULL,
        seconds REAL NOT NULL,
        asked_for TEXT,
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        stop_reason TEXT NOT NULL,
        error_code TEXT,
        error_message TEXT,
        system TEXT,
        prompt TEXT NOT NULL,
        answer TEXT NOT NULL,
        options TEXT NOT NULL,
        sent TEXT NOT NULL,
        received TEXT NOT NULL,
        input INTEGER NOT NULL,
        output INTEGER NOT NULL,
        cache_read INTEGER NOT NULL,
        cache_write INTEGER NOT NULL,
        cost REAL
    );
    CREATE INDEX answers_at ON answers (at);
    """,
)
"""The migrations from each version of the schema to the next; version 0 is an empty file."""

_CHAIN = f"""
    WITH RECURSIVE chain (id, previous, depth) AS (
        SELECT id, previous, 0 FROM answers WHERE id = ?
        UNION ALL
        SELECT answers.id, answers.previous, depth + 1 FROM answers
        JOIN chain ON answers.id = chain.previous AND depth < {_LONGEST_CONVERSATION}
    )
    SELECT answers.* FROM answers JOIN chain USING (id) ORDER BY depth DESC
"""  # noqa: S608 - a constant

_USAGE = """
    SELECT date(at / 1000, 'unixepoch', 'localtime') AS day, provider || '/' || model AS model,
        count(*) AS answers, sum(input) AS input, sum(output) AS output,
        sum(cache_read) AS cache_read, sum(cache_write) AS cache_write,
        sum(cost) AS cost, count(*) - count(cost) AS unpriced
    FROM answers WHERE at >= ? GROUP BY 1, 2 ORDER BY 1 DESC, 2
"""


class LogUnusable(ModelwireError):
    """The log cannot be read or written."""

    code = "log_unusable"


def log_path() -> Path:
    """The file, whether or not it exists."""
    return default_state_directory() / "logs.db"


class LogDatabase:
    """The answers that were kept, each a row.

    Every call opens and closes the file, so that none is held open while a model is waited for.

    Args:
        path: The file; by default `log_path()`.
        migrations: The steps of the schema.
    """

    def __init__(self, path: Path | None = None, migrations: Sequence[str] = MIGRATIONS) -> None:
        self._given = path
        self._migrations = migrations

    def add(self, row: Mapping[str, Any]) -> int:
        """Keep an answer; return its id.

        Raises:
            LogUnusable: The file is locked, full, read-only, broken or of a newer version.
        """
        names = ", ".join(row)
        marks = ", ".join("?" * len(row))
        with self._opened() as database:
            done = database.execute(
                f"INSERT INTO answers ({names}) VALUES ({marks})",  # noqa: S608 - names of columns
                tuple(row.values()),
            )
            return done.lastrowid or 0

    def latest(
        self, limit: int, *, text: str | None = None, model: str | None = None
    ) -> list[dict[str, Any]]:
        """The newest answers, oldest first.

        Args:
            limit: The most answers.
            text: Only those that have this text in the system prompt, the prompt or the answer,
                whatever its case.
            model: Only those of this `provider/model-id`.

        Raises:
            LogUnusable: As for `add`.
        """
        wanted, values = ["1"], list[Any]()
        if text is not None:
            columns = ("coalesce(system, '')", "prompt", "answer")
            wanted.append("(" + " OR ".join(f"instr(folded({name}), ?)" for name in columns) + ")")
            values += [text.casefold()] * len(columns)
        if model is not None:
            wanted.append("provider || '/' || model = ?")
            values.append(model)
        found = self._rows(
            f"SELECT * FROM answers WHERE {' AND '.join(wanted)} ORDER BY id DESC LIMIT ?",  # noqa: S608
            (*values, limit),
        )
        return found[::-1]

    def one(self, number: int | None) -> dict[str, Any] | None:
        """An answer by its id, or the newest one; `None` if there is none.

        Raises:
            LogUnusable: As for `add`.
        """
        if number is None:
            found = self._rows("SELECT * FROM answers ORDER BY id DESC LIMIT 1")
        else:
            found = self._rows("SELECT * FROM answers WHERE id = ?", (number,))
        return found[0] if found else None

    def last_conversation(self) -> list[dict[str, Any]]:
        """The newest complete answer and those that it continues, oldest first.

        Raises:
            LogUnusable: As for `add`.
        """
        newest = self._rows(
            "SELECT id FROM answers WHERE error_code IS NULL ORDER BY id DESC LIMIT 1"
        )
        return self._rows(_CHAIN, (newest[0]["id"],)) if newest else []

    def usage(self, since: int) -> list[dict[str, Any]]:
        """Sums per day and model, the newest day first; days are those of this machine's time zone.

        Args:
            since: The first moment that counts, in milliseconds since 1970.

        Raises:
            LogUnusable: As for `add`.
        """
        return self._rows(_USAGE, (since,))

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        try:
            path = self._path()
            if not path.exists():
                return []
        except OSError as error:
            raise _unusable(error, self._given) from error
        with self._opened() as database:
            return [dict(row) for row in database.execute(query, values)]

    def _path(self) -> Path:
        try:
            return self._given or log_path()
        except RuntimeError as error:  # no folder of the user is known
            raise _unusable(error, None) from error

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        path = self._path()
        try:
            _prepare(path)
            with closing(sqlite3.connect(path, timeout=_PATIENCE)) as database, database:
                database.row_factory = sqlite3.Row
                database.create_function("folded", 1, _folded, deterministic=True)
                self._migrate(database)
                yield database
        except (OSError, OverflowError, ValueError, sqlite3.Error) as error:
            raise _unusable(error, path) from error

    def _migrate(self, database: sqlite3.Connection) -> None:
        if _version(database) == len(self._migrations):
            return
        database.execute("BEGIN IMMEDIATE")
        version = _version(database)  # another process may have been first
        if version > len(self._migrations):
            msg = "it was written by a newer modelwire"
            raise sqlite3.DatabaseError(msg)
        for step in self._migrations[version:]:
            for statement in filter(str.strip, step.split(";")):
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {len(self._migrations)}")
        database.commit()


def _prepare(path: Path) -> None:
    """Make the file the user's alone before SQLite writes to it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists():
        open_file(path).close()  # what is no regular file is refused
        if path.stat().st_mode & 0o077:
            path.chmod(OWNER_ONLY)
    else:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, OWNER_ONLY))


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _folded(text: object) -> str:
    return str(text).casefold()


def _unusable(error: Exception, path: Path | None) -> LogUnusable:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return LogUnusable(f"The log {path or ''} cannot be used: {reason}.".replace("  ", " "))
