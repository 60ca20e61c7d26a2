"""The check of the `Host` header, against pages that rebind a name to loopback."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["HostCheck", "is_loopback"]

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
    """

    def __init__(self, app: ASGIApp, *, host: str, allowed: Iterable[str]) -> None:
        self._app = app
        self._names = {name.lower() for name in (*_LOOPBACK, host, *allowed)}
        self._active = is_loopback(host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if self._active and scope["type"] == "http" and not self._is_known(scope):
            refusal = PlainTextResponse("This host name is not served here.\n", 421)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        value = next((value for name, value in scope["headers"] if name == b"host"), b"")
        return _name(value.decode("latin-1")).lower() in self._names


def _name(host: str) -> str:
    """A host without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host
