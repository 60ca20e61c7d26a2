"""The connection to the database: SQLite in a file, or PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from modelwire.errors import ConfigError
from modelwire.files import OWNER_ONLY, default_state_directory, user_path

__all__ = ["database_error", "database_url", "make_engine"]

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
}
_HINT: Final = "Give a path, sqlite:///path, or postgresql://user:password@host/database."
_SQLITE_WAIT_MS: Final = 5000
_CONNECTIONS: Final = 8


def database_url(given: str | None, environ: Mapping[str, str] | None = None) -> URL:
    """The URL of the database.

    Args:
        given: A path or a URL as configured; `None` is a file in modelwire's state folder.
        environ: Where `MODELWIRE_STATE_DIR` is looked up; by default the process's environment.

    Raises:
        ConfigError: It is no URL, or of a database that the gateway does not know.
    """
    if given is None:
        return _file_url(default_state_directory(environ) / "gateway.db")
    if "://" not in given:
        return _file_url(user_path(given))
    try:
        url = make_url(given)
    except ArgumentError as error:
        msg = "The database of the gateway is given as a URL that cannot be read."
        raise ConfigError(msg, hint=_HINT) from error
    driver = _DRIVERS.get(url.get_backend_name())
    if driver is None:
        msg = f"The gateway cannot use a database of the kind {url.get_backend_name()!r}."
        raise ConfigError(msg, hint=_HINT)
    return url.set(drivername=driver)


def _file_url(path: Path) -> URL:
    return URL.create(_DRIVERS["sqlite"], database=str(path))


def make_engine(url: URL, *, timeout: float = 5.0) -> AsyncEngine:
    """Make the pool of connections; a file of SQLite is created so that only its owner reads it.

    Args:
        url: The database.
        timeout: Seconds after which a connection is no longer waited for.

    Raises:
        ConfigError: The driver is not installed, or the file cannot be created.
    """
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    try:
        return create_async_engine(
            url,
            pool_size=_CONNECTIONS,
            max_overflow=0,
            pool_timeout=timeout,
            pool_pre_ping=True,
            connect_args={"timeout": timeout, "command_timeout": 10},
        )
    except ModuleNotFoundError as error:
        msg = f"PostgreSQL needs the package {error.name}, which is not installed."
        hint = 'Install it with: pip install "modelwire-gateway[postgres]"'
        raise ConfigError(msg, hint=hint) from error


def _sqlite_engine(url: URL) -> AsyncEngine:
    try:
        _create(Path(url.database or ""))
    except OSError as error:
        raise database_error(url, error) from error
    engine = create_async_engine(url)
    event.listen(engine.sync_engine, "connect", _set_up_sqlite)
    return engine


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, OWNER_ONLY))


def _set_up_sqlite(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    try:
        for pragma in (
            f"busy_timeout = {_SQLITE_WAIT_MS}",
            "journal_mode = WAL",
            "synchronous = NORMAL",
        ):
            cursor.execute(f"PRAGMA {pragma}")
    finally:
        cursor.close()


def database_error(url: URL, error: BaseException) -> ConfigError:
    """The error for a database that cannot be used, without its password."""
    shown = url.render_as_string(hide_password=True)
    cause = getattr(error, "orig", None) or error
    why = next(iter(str(cause).splitlines()), "") or type(cause).__name__
    return ConfigError(f"The gateway's database {shown} cannot be used: {why}")
