"""Access with its storage: opened with the gateway, kept current, and closed with it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

from attrs import frozen

from modelwire.transport import Transport
from modelwire_gateway.access.aws_identities import AwsIdentities
from modelwire_gateway.access.aws_settings import AwsSettings
from modelwire_gateway.access.control import AccessControl
from modelwire_gateway.access.counters import Counters
from modelwire_gateway.access.failover import FailoverCounters
from modelwire_gateway.access.keychain import Keychain
from modelwire_gateway.storage.database import open_database
from modelwire_gateway.storage.keys import Keys
from modelwire_gateway.storage.memory_counters import MemoryCounters
from modelwire_gateway.storage.settings import StorageSettings
from modelwire_gateway.storage.usage import UsageLog
from modelwire_gateway.storage.valkey_counters import ValkeyCounters

__all__ = ["OpenedAccess", "open_access"]

_Upkeep = Callable[[], Coroutine[Any, Any, None]]


@frozen
class OpenedAccess:
    """The access control, and the parts behind it.

    Attributes:
        control: What lets callers in.
        keys: The keys in force.
        counters: What callers have used of their limits.
        usage: What callers have used at all.
    """

    control: AccessControl
    keys: Keychain
    counters: Counters
    usage: UsageLog

    @property
    def ready(self) -> bool:
        """Whether callers can be admitted."""
        counting = not isinstance(self.counters, FailoverCounters) or self.counters.usable
        return self.keys.usable and counting


@asynccontextmanager
async def open_access(
    settings: StorageSettings,
    *,
    aws: AwsSettings | None = None,
    labels: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[OpenedAccess]:
    """Open the storage, and keep keys, limits and usage current meanwhile.

    Args:
        settings: The storage.
        aws: Which AWS identities may call.
        labels: Labels that the provider gets with the requests of every caller.
        environ: Where modelwire's state folder is looked up; by default the process's environment.

    Raises:
        ConfigError: The database cannot be used, or a setting is wrong.
    """
    async with open_database(settings, environ) as engine:
        usage = UsageLog(engine)
        counters, watch = await _counters(settings, usage)
        keys = Keychain(
            Keys(engine),
            stale_seconds=settings.stale_keys_seconds,
            timeout=settings.database_timeout_seconds,
        )
        transport = Transport(environ=environ)
        identities = AwsIdentities(aws or AwsSettings(), transport)
        control = AccessControl(
            keys,
            counters,
            usage,
            aws=identities,
            labels=labels,
            timeout=settings.database_timeout_seconds,
        )
        await keys.refresh()
        upkeep = [keys.keep_current, usage.keep_writing, control.keep_renewing, *watch]
        try:
            async with _running(upkeep):
                try:
                    yield OpenedAccess(control, keys, counters, usage)
                finally:
                    await control.aclose()
        finally:
            await identities.aclose()
            await transport.aclose()
            await keys.aclose()
            await usage.try_flush()
            await counters.aclose()


async def _counters(settings: StorageSettings, usage: UsageLog) -> tuple[Counters, list[_Upkeep]]:
    local = MemoryCounters()
    if settings.counters is None:
        return local, []
    # In a thread, since it imports the client.
    shared = await asyncio.to_thread(
        ValkeyCounters, settings.counters, timeout=settings.counters_timeout_seconds
    )
    fallback = local if settings.when_counters_fail == "open" else None
    made = FailoverCounters(shared, fallback, usage.try_flush)
    return made, [made.keep_watch]


@asynccontextmanager
async def _running(upkeep: list[_Upkeep]) -> AsyncIterator[None]:
    """Run the upkeep in tasks, and end them afterwards."""
    tasks = [asyncio.create_task(one()) for one in upkeep]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
