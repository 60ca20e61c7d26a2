"""The database of the gateway: opened with the tables that this version needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from modelwire.errors import ConfigError
from modelwire_gateway.storage.engine import database_url, make_engine
from modelwire_gateway.storage.migrate import HEAD, current_revision, migrate
from modelwire_gateway.storage.settings import StorageSettings

__all__ = ["open_database"]


@asynccontextmanager
async def open_database(
    settings: StorageSettings, environ: Mapping[str, str] | None = None
) -> AsyncIterator[AsyncEngine]:
    """Connect to the database, and migrate it if the settings say so.

    Args:
        settings: Which database.
        environ: Where modelwire's state folder is looked up; by default the process's environment.

    Raises:
        ConfigError: It cannot be reached, or its tables are of another version.
    """
    url = database_url(settings.database, environ)
    # In a thread, since it imports the driver.
    engine = await asyncio.to_thread(make_engine, url, timeout=settings.database_timeout_seconds)
    try:
        found = await current_revision(engine)
        if found != HEAD:
            if not settings.migrate:
                msg = f"The gateway's database has the schema {found}, and {HEAD} is needed."
                raise ConfigError(msg, hint="Run: modelwire serve migrate")
            await migrate(url)
        yield engine
    finally:
        await engine.dispose()
