"""The authorized transport: each request gets the header fields of an auth mode before it is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from modelwire.transport.client import Transport
from modelwire.transport.deadlines import Deadlines
from modelwire.transport.request import Request
from modelwire.transport.response import Response

__all__ = ["Authorize", "AuthorizedTransport"]

Authorize = Callable[[Request, Transport], Awaitable[Request]]
"""Gives back a request with header fields added or replaced.

The transport is one that authorizes nothing, for what the function itself has to ask.
"""


class AuthorizedTransport(Transport):
    """A view of a transport that authorizes every request; the connections are the transport's.

    Closing the view closes nothing.

    Args:
        inner: The transport that sends.
        authorize: Called for each request, last before it is sent.
    """

    def __init__(self, inner: Transport, authorize: Authorize) -> None:
        super().__init__(deadlines=inner.deadlines)
        self._inner = inner
        self._authorize = authorize

    async def _open(
        self, request: Request, deadlines: Deadlines, provider: str | None, model: str | None
    ) -> Response:
        authorized = await self._authorize(request, self._inner)
        return await self._inner._open(authorized, deadlines, provider, model)  # noqa: SLF001

    def trusting(self, ca_bundle: Path | str) -> Transport:
        """The same for a service that has certificates of its own."""
        return AuthorizedTransport(self._inner.trusting(ca_bundle), self._authorize)

    async def aclose(self) -> None:
        """Leave the connections to the transport that has them."""
