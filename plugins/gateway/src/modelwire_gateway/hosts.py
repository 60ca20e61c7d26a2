"""The check of the `Host` header, against pages that rebind a name to loopback."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["HostCheck", "Refusal", "is_loopback"]

Refusal = Callable[[Scope, int, str], Response]
"""Makes the answer to a request that is refused, with a status and a message."""

_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([^\[\]:@/]+))(?::[0-9]*)?", re.ASCII)
_MOST_ACCEPTED = 64
"""Header fields that are remembered as good; there are as many as ports and spellings."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class HostCheck:
    """Middleware that refuses requests addressed to another name, where only loopback is served.

    A page in a browser can have its own name point to 127.0.0.1; the header still has that name.

    Args:
        app: The application.
        host: The address that is listened on.
        allowed: Further names.
        refusal: Makes the answer to a request that is refused.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        allowed: Iterable[str],
        refusal: Refusal,
    ) -> None:
        self._app = app
        self._refusal = refusal
        self._names = {name.lower() for name in (*_LOOPBACK, host, *allowed)}
        self._accepted: set[bytes] = set()
        self._active = is_loopback(host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if self._active and scope["type"] == "http" and not self._is_known(scope):
            await self._refusal(scope, 421, "This host name is not served here.")(
                scope, receive, send
            )
            return
        await self._app(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"host"]
        return len(given) == 1 and (given[0] in self._accepted or self._accepts(given[0]))

    def _accepts(self, given: bytes) -> bool:
        if _name(given.decode("latin-1")).lower() not in self._names:
            return False
        if len(self._accepted) < _MOST_ACCEPTED:
            self._accepted.add(given)
        return True


def _name(host: str) -> str:
    """A host without its port; empty where it is not valid."""
    found = _HOST.fullmatch(host)
    return (found[1] or found[2]) if found else ""
