"""The command `modelwire serve migrate`: brings the tables of the database up to date."""

from __future__ import annotations

import asyncio

import click
from attrs import evolve

from modelwire.cli import echo

__all__ = ["migrate"]


@click.command()
@click.pass_context
def migrate(context: click.Context) -> None:
    """Bring the tables of the database up to date.

    A gateway does so when it starts, unless `storage.migrate` is false in its settings.

    \b
    modelwire serve migrate
    """  # noqa: D301 - \b keeps click from joining the lines
    from modelwire_gateway.administration.key_store import settings_of
    from modelwire_gateway.storage.database import open_database
    from modelwire_gateway.storage.migrate import HEAD, current_revision

    storage = evolve(settings_of(context).storage, migrate=True)

    async def run() -> str | None:
        async with open_database(storage) as engine:
            return await current_revision(engine)

    echo(f"The tables are at revision {asyncio.run(run())}; this version needs {HEAD}.")
