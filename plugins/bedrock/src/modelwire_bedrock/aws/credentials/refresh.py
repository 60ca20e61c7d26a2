"""Refreshable credentials, which the signer can take without waiting.

botocore's own renew themselves inside `get_frozen_credentials`, on whatever thread signs: on the
event loop that blocks everything, for as long as a slow source takes. A lease hands out what it
holds. Renewal happens beside it, in a thread, ahead of expiry, once for all callers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple, Self

__all__ = ["RefreshableCredentials", "StaticKeys"]

_AHEAD = 15 * 60
"""Seconds before expiry from which renewal is tried in the background of requests."""
_LAST_MOMENT = 60
"""Seconds before expiry from which requests wait for the renewal."""
_PAUSE = 60
"""Seconds between two tries in the background."""


class RefreshableCredentials:
    """A copy of credentials that are renewed elsewhere; for botocore, it is credentials.

    Args:
        source: Credentials as botocore's chain loads them.
        clock: Seconds, for the pause between two tries.
    """

    def __init__(self, source: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._tried_at = clock()
        self._frozen = _loaded(source) or source.get_frozen_credentials()
        self.method: str = source.method

    def __repr__(self) -> str:
        return f"<RefreshableCredentials of {self.method} credentials>"

    def get_frozen_credentials(self) -> Any:
        """The current credentials; never waits."""
        return self._frozen

    def get_deferred_property(self, name: str) -> Callable[[], Any]:
        """A function that gives a part of what is held, such as `account_id`."""
        return lambda: getattr(self._frozen, name, None)

    def must_renew(self) -> bool:
        """Whether requests should wait for new credentials."""
        return self._needed(_LAST_MOMENT)

    def may_renew(self) -> bool:
        """Whether it is time to renew in the background of requests."""
        return self._needed(_AHEAD) and self._clock() - self._tried_at >= _PAUSE

    def renew(self) -> None:
        """Renew, on this thread; raises whatever the source raises when they are about to expire."""
        self._tried_at = self._clock()
        self._frozen = self._source.get_frozen_credentials()

    def _needed(self, seconds: int) -> bool:
        needed = getattr(self._source, "refresh_needed", None)
        return needed is not None and bool(needed(refresh_in=seconds))


class StaticKeys(NamedTuple):
    """Keys that are given and do not expire, as botocore's `ReadOnlyCredentials` shows them."""

    access_key: str | None
    secret_key: str | None
    token: str | None
    account_id: str | None = None

    @property
    def method(self) -> str:
        """Where they come from, as botocore calls it."""
        return "explicit"

    def __repr__(self) -> str:
        return "<StaticKeys>"

    def get_frozen_credentials(self) -> Self:
        """The keys themselves."""
        return self


def _loaded(source: Any) -> Any:
    """The credentials that a source has just loaded, if they are still valid, or `None`.

    Asked in the public way, botocore fetches short-lived credentials a second time at once.
    """
    needed = getattr(source, "refresh_needed", None)
    if needed is None or needed(refresh_in=0):
        return None
    return getattr(source, "_frozen_credentials", None)
