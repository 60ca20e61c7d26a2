"""The authorized transport: each request gets the header fields of an auth mode before it is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from modelwire.transport.client import Transport
from modelwire.transport.deadlines import Deadlines
from modelwire.transport.request import Request
from modelwire.transport.response import Response
from modelwire.transport.view import TransportView

__all__ = ["Authorize", "AuthorizedTransport"]

Authorize = Callable[[Request, Transport], Awaitable[Request]]
"""Gives back a request with header fields added or replaced.

The transport does not authorize, for requests of the function itself.
"""


class AuthorizedTransport(TransportView):
    """A view of a transport that authorizes every request; the connections are the transport's.

    Closing the view closes nothing.

    Args:
        inner: The transport that sends.
        authorize: Called for each request, immediately before it is sent.
    """

    def __init__(self, inner: Transport, authorize: Authorize) -> None:
        super().__init__(inner)
        self._authorize = authorize

    def send(
        self,
        request: Request,
        *,
        deadlines: Deadlines | None = None,
        provider: str | None = None,
        model: str | None = None,
    ) -> AbstractAsyncContextManager[Response]:
        """Authorize a request and send it; see `Transport.send`."""

        async def authorized() -> AbstractAsyncContextManager[Response]:
            ready = await self._authorize(request, self.inner)
            return self.inner.send(ready, deadlines=deadlines, provider=provider, model=model)

        return _AuthorizedResponse(authorized)

    def view_of(self, inner: Transport) -> AuthorizedTransport:
        """The same view of another transport."""
        return AuthorizedTransport(inner, self._authorize)


class _AuthorizedResponse:
    """A context manager: entering authorizes and sends a request, and gives its response.

    A class rather than a generator, for the same reason as the transport's own.
    """

    def __init__(
        self, authorized: Callable[[], Awaitable[AbstractAsyncContextManager[Response]]]
    ) -> None:
        self._authorized = authorized
        self._sent: AbstractAsyncContextManager[Response] | None = None

    async def __aenter__(self) -> Response:
        self._sent = await self._authorized()
        return await self._sent.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        assert self._sent is not None  # noqa: S101 - it was entered
        return await self._sent.__aexit__(kind, error, traceback)
