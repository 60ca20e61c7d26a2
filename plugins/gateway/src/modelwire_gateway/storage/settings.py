"""Settings of the storage: which database, and where limits are counted."""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

from modelwire.redaction import url_repr

__all__ = ["StorageSettings"]


@frozen
class StorageSettings:
    """The settings under `storage`.

    Attributes:
        database: A path or URL of SQLite, or a URL of PostgreSQL; by default a file of SQLite in
            modelwire's state folder.
        counters: A URL of Valkey or Redis, for limits that several replicas share; by default they
            are counted in the memory of the process.
        migrate: Whether the tables are brought up to date at the start.
        when_counters_fail: While shared counters cannot be reached, `open` lets each replica count
            by itself, and `closed` refuses requests of callers that have limits.
        stale_keys_seconds: How long keys stay in force while the database cannot be reached.
        database_timeout_seconds: How long the database is waited for.
        counters_timeout_seconds: How long shared counters are waited for.
    """

    database: str | None = field(default=None, repr=url_repr)
    counters: str | None = field(default=None, repr=url_repr)
    migrate: bool = True
    when_counters_fail: Literal["open", "closed"] = "open"
    stale_keys_seconds: float = 300.0
    database_timeout_seconds: float = 5.0
    counters_timeout_seconds: float = 1.0
