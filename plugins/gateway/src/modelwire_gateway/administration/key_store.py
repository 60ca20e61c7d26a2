"""The stored keys, for one command."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import click

from modelwire.config import load_config
from modelwire_gateway.settings import Settings
from modelwire_gateway.storage.database import open_database
from modelwire_gateway.storage.keys import Keys

__all__ = ["settings_of", "with_keys"]

T = TypeVar("T")


def settings_of(context: click.Context) -> Settings:
    """The settings of the configuration that `modelwire serve --config` names, or the user's.

    Raises:
        ConfigError: The configuration is not valid.
    """
    path: Path | None = None
    parent = context.parent
    while parent is not None and path is None:
        path = parent.params.get("config_path")
        parent = parent.parent
    return Settings.of(load_config(path))


def with_keys(context: click.Context, step: Callable[[Keys], Awaitable[T]]) -> T:
    """Do one step with the stored keys.

    Raises:
        ConfigError: The configuration or the database cannot be used.
    """
    settings = settings_of(context)

    async def run() -> T:
        async with open_database(settings.storage) as engine:
            return await step(Keys(engine))

    return asyncio.run(run())
