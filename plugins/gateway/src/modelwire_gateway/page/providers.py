"""The state of each provider's credentials, for the page."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

from modelwire.hookspecs import CredentialStatus
from modelwire.runtime import Runtime

__all__ = ["ProviderStates"]

_FRESH_SECONDS: Final = 10.0
_ORDER: Final = {"usable": 0, "unknown": 1, "unusable": 2}


class ProviderStates:
    """Which credentials each provider would use, looked up at most every ten seconds.

    Args:
        runtime: Knows the providers.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._found: list[tuple[str, CredentialStatus]] = []
        self._found_at: float | None = None
        self._looking = asyncio.Lock()

    async def read(self, *, details: bool) -> list[dict[str, Any]]:
        """The providers, the usable ones first.

        Args:
            details: Whether the source of the credentials, and what is wrong with them, is included.
        """
        async with self._looking:
            at = self._found_at
            if at is None or time.monotonic() - at > _FRESH_SECONDS:
                # It imports plugins and reads files.
                self._found = await asyncio.to_thread(self._look)
                self._found_at = time.monotonic()
        return [
            {"id": name, "state": status.state} | (_details(status) if details else {})
            for name, status in self._found
        ]

    def _look(self) -> list[tuple[str, CredentialStatus]]:
        catalog = self._runtime.catalog
        found = [(name, catalog.credentials(name)) for name in catalog.provider_ids]
        return sorted(found, key=lambda each: (_ORDER[each[1].state], each[0]))


def _details(status: CredentialStatus) -> dict[str, Any]:
    expires = status.expires_at
    return {
        "source": status.source,
        "reason": status.reason,
        "hint": status.hint,
        "expires_at": None if expires is None else expires.timestamp(),
    }
