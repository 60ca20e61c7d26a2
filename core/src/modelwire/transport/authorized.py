"""The authorized transport: each request gets the header fields of an auth mode before it is sent."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType

from attrs import evolve

from modelwire.transport.client import Transport
from modelwire.transport.deadlines import Deadlines
from modelwire.transport.request import Request
from modelwire.transport.response import Response, peek_error
from modelwire.transport.view import TransportView

__all__ = ["Authorize", "AuthorizedTransport", "Renew"]

Authorize = Callable[[Request, Transport], Awaitable[Request]]
"""Gives back a request with header fields added or replaced.

The transport does not authorize, for requests of the function itself.
"""

Renew = Callable[[Request, Response, bytes, Transport], Awaitable[bool]]
"""Whether a refused request is authorized with other credentials from now on.

It gets the authorized request, the response with the beginning of its body, and the transport that
does not authorize.
"""

_REFUSED = frozenset({400, 401, 403})
"""The statuses with which services refuse credentials; some answer 400 to those that have expired."""


class AuthorizedTransport(TransportView):
    """A view of a transport that authorizes every request; the connections are the transport's.

    Closing the view closes nothing.

    Args:
        inner: The transport that sends.
        authorize: Called for each request, immediately before it is sent.
        renew: Called where the service refuses an authorized request, at most once for each; where
            it has other credentials, the request is authorized with them and sent once more.
    """

    def __init__(self, inner: Transport, authorize: Authorize, renew: Renew | None = None) -> None:
        super().__init__(inner)
        self._authorize = authorize
        self._renew = renew

    def send(
        self,
        request: Request,
        *,
        deadlines: Deadlines | None = None,
        provider: str | None = None,
        model: str | None = None,
    ) -> AbstractAsyncContextManager[Response]:
        """Authorize a request and send it; see `Transport.send`."""
        limits = self.deadlines if deadlines is None else deadlines.with_defaults(self.deadlines)
        inner = self.inner

        async def authorized(seconds: float = 0.0) -> _Sent:
            left = limits
            if seconds and limits.total is not None:
                left = evolve(limits, total=max(0.0, limits.total - seconds))
            ready = await self._authorize(request, inner)
            sent = inner.send(ready, deadlines=left, provider=provider, model=model)
            return (ready if ready.headers != request.headers else None), sent

        return _AuthorizedResponse(authorized, self._renew, inner)

    def view_of(self, inner: Transport) -> AuthorizedTransport:
        """The same view of another transport."""
        return AuthorizedTransport(inner, self._authorize, self._renew)


_Sent = tuple[Request | None, AbstractAsyncContextManager[Response]]
"""The authorized request, or `None` where authorization has added nothing; and its response."""


class _AuthorizedResponse:
    """A context manager: entering authorizes and sends a request, and gives its response.

    A class rather than a generator, for the same reason as the transport's own.
    """

    def __init__(
        self, authorized: Callable[..., Awaitable[_Sent]], renew: Renew | None, inner: Transport
    ) -> None:
        self._authorized = authorized
        self._renew = renew
        self._inner = inner
        self._sent: AbstractAsyncContextManager[Response] | None = None

    async def __aenter__(self) -> Response:
        began = time.monotonic()
        request, self._sent = await self._authorized()
        response = await self._sent.__aenter__()
        if self._renew is None or request is None or response.status not in _REFUSED:
            return response
        try:
            renewed = await self._renew(request, response, await peek_error(response), self._inner)
        except BaseException as error:
            await self._sent.__aexit__(type(error), error, error.__traceback__)
            raise
        if not renewed:
            return response
        await self._sent.__aexit__(None, None, None)
        _, self._sent = await self._authorized(time.monotonic() - began)
        return await self._sent.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        assert self._sent is not None  # noqa: S101 - it was entered
        return await self._sent.__aexit__(kind, error, traceback)
