"""The keys in force: a copy of all stored ones, held in memory and kept up to date."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from modelwire_gateway.access.caller import RequestRefused
from modelwire_gateway.access.keys import UNKNOWN_KEY, Key, KeyText

__all__ = ["INVALID_KEY", "KeySource", "Keychain"]

_log = logging.getLogger("modelwire_gateway.keys")

INVALID_KEY: Final = "The API key is missing or not valid."
"""The one answer to every credential that is not good."""

_POLL_SECONDS: Final = 1.0
_APART_SECONDS: Final = 0.2
"""The least time between two comparisons of the copy with the database."""


class KeySource(Protocol):
    """Where keys are stored."""

    async def revision(self) -> int:
        """A number that grows with every change of a key."""
        ...

    async def load(self) -> tuple[int, list[Key]]:
        """The revision, and every key."""
        ...


class Keychain:
    """The keys in force.

    A request is authenticated in memory: guessed keys cause no database queries beyond the regular one. A
    revocation is in force once the copy has been brought up to date, within about a second.

    Args:
        source: Where keys are stored.
        stale_seconds: How long keys stay in force while the database cannot be reached.
        timeout: Seconds after which the database is no longer waited for.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        source: KeySource,
        *,
        stale_seconds: float = 300.0,
        timeout: float = 5.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._source = source
        self._stale_seconds = stale_seconds
        self._timeout = timeout
        self._clock = clock
        self._keys: Mapping[str, Key] = {}
        self._revision = -1
        self._confirmed = float("-inf")
        self._compared_at = float("-inf")
        self._refreshing: asyncio.Task[None] | None = None
        self._failing = False

    async def authenticate(self, text: str) -> Key:
        """Find the key of a request.

        An unknown key, a wrong secret, a revoked and an expired key all take the same steps.

        Raises:
            RequestRefused: The key is not good (401), or none can be checked (503).
        """
        given = KeyText.parse(text)
        key = self._keys.get(given.id, UNKNOWN_KEY)
        accepted = key.accepts(given.secret, self._clock())
        if not accepted:
            # It may have been made a moment ago.
            await self._refresh_after(time.monotonic())
            key = self._keys.get(given.id, UNKNOWN_KEY)
            accepted = key.accepts(given.secret, self._clock())
        if not self.usable:
            msg = "The keys of this gateway cannot be checked at the moment."
            raise RequestRefused(503, "unavailable", msg, retry_after=5.0)
        if not accepted:
            raise RequestRefused(401, "unauthorized", INVALID_KEY)
        return key

    @property
    def usable(self) -> bool:
        """Whether the copy is recent enough to accept keys."""
        return time.monotonic() - self._confirmed <= self._stale_seconds

    @property
    def empty(self) -> bool:
        """Whether there are no keys."""
        return not self._keys

    async def keep_current(self) -> None:
        """Bring the copy up to date about every second, until it is cancelled."""
        while True:
            await asyncio.sleep(_POLL_SECONDS)
            await self.refresh()

    async def refresh(self) -> None:
        """Bring the copy up to date; callers at the same time share one look."""
        if self._refreshing is None:
            self._refreshing = asyncio.create_task(self._refresh())
            self._refreshing.add_done_callback(self._refreshed)
        # One caller that leaves does not take the answer from the others.
        await asyncio.shield(self._refreshing)

    async def aclose(self) -> None:
        """Wait until the copy is not being brought up to date."""
        if self._refreshing is not None:
            await asyncio.shield(self._refreshing)

    async def _refresh_after(self, moment: float) -> None:
        """Compare the copy with the database after a moment, before a key is refused.

        All that wait share a comparison, so that guessed keys cause few of them.
        """
        while self._compared_at < moment:
            if self._refreshing is None:
                await asyncio.sleep(self._compared_at + _APART_SECONDS - time.monotonic())
            await self.refresh()

    def _refreshed(self, _: asyncio.Task[None]) -> None:
        self._refreshing = None

    async def _refresh(self) -> None:
        self._compared_at = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout):
                if self._revision < 0 or await self._source.revision() != self._revision:
                    self._revision, keys = await self._source.load()
                    self._keys = {key.id: key for key in keys}
        except Exception as error:  # noqa: BLE001 - whatever the driver raises; the copy stays
            if not self._failing:
                _log.warning("The keys cannot be read: %s", type(error).__name__)
            self._failing = True
        else:
            self._confirmed = self._compared_at
            self._failing = False
