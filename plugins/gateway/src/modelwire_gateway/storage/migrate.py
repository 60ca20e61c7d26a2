"""The schema of the database: compared with what this version needs, and migrated."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine

from modelwire.files import locked
from modelwire_gateway.storage.engine import database_error, make_engine

__all__ = ["HEAD", "current_revision", "migrate"]

HEAD: Final = "0001"
"""The revision that this version works with."""

_LOCK: Final = 0x6D6F64656C77
"""The advisory lock of PostgreSQL that migrations hold, so that replicas take turns."""


async def current_revision(engine: AsyncEngine) -> str | None:
    """The revision of the schema, or `None` for an empty database.

    Raises:
        ConfigError: The database cannot be reached.
    """
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_revision)
    except Exception as error:
        raise database_error(engine.url, error) from error


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("gateway_version"):
        return None
    found: str | None = connection.execute(
        text("SELECT version_num FROM gateway_version")
    ).scalar_one_or_none()
    return found


async def migrate(url: URL) -> None:
    """Bring the schema up to date, in a thread; processes at the same time take turns.

    Raises:
        ConfigError: The database cannot be reached or migrated.
    """
    await asyncio.to_thread(_migrate, url)


def _migrate(url: URL) -> None:
    with _turn(url):
        asyncio.run(_upgraded(url))


def _turn(url: URL) -> AbstractContextManager[object]:
    if url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}:
        return locked(Path(f"{url.database}.migration"))
    return nullcontext()


async def _upgraded(url: URL) -> None:
    engine = make_engine(url)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    except Exception as error:
        raise database_error(url, error) from error
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
