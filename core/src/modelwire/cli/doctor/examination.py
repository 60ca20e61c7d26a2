"""The table of the checks, and how they are run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

from modelwire.cli.doctor.checks.cache import check_cache
from modelwire.cli.doctor.checks.certificates import check_certificates
from modelwire.cli.doctor.checks.clock import check_clock
from modelwire.cli.doctor.checks.configuration import check_configuration
from modelwire.cli.doctor.checks.credentials import check_credentials
from modelwire.cli.doctor.checks.plugins import check_plugins
from modelwire.cli.doctor.checks.proxies import check_proxies
from modelwire.cli.doctor.checks.reachability import check_reachability
from modelwire.cli.doctor.checks.versions import check_versions
from modelwire.cli.doctor.findings import Finding
from modelwire.cli.doctor.situation import Situation
from modelwire.registry.loading import where

__all__ = ["CHECKS", "examine"]

CHECKS: dict[str, Callable[[Situation], Awaitable[list[Finding]]]] = {
    "versions": check_versions,
    "plugins": check_plugins,
    "configuration": check_configuration,
    "credentials": check_credentials,
    "certificates": check_certificates,
    "proxies": check_proxies,
    "reachability": check_reachability,
    "clock": check_clock,
    "cache": check_cache,
}
"""The checks in the order in which they are shown."""


async def examine(situation: Situation) -> AsyncGenerator[tuple[str, list[Finding]], None]:
    """Run all checks at once, and yield what each has found, in the order of the table."""
    async with situation.runtime:
        tasks = {name: asyncio.create_task(_run(name, situation)) for name in CHECKS}
        try:
            for name, task in tasks.items():
                yield name, await task
        finally:
            for task in tasks.values():
                task.cancel()


async def _run(name: str, situation: Situation) -> list[Finding]:
    try:
        return await CHECKS[name](situation)
    except Exception as error:  # noqa: BLE001 - one check that fails must not hide the others
        text = f"This check failed: {where(error)}"
        return [Finding(name, "problem", text, "Please report this.")]
