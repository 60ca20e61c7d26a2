"""The HTTP client that all providers share."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from modelwire.closable import AsyncClosable
from modelwire.errors import ConnectionFailed
from modelwire.event_loops import require_event_loop
from modelwire.forks import ForkSafeLock, importing
from modelwire.transport.deadlines import Deadlines
from modelwire.transport.proxies import ProxyLogin, proxy_for, proxy_login
from modelwire.transport.request import Request
from modelwire.transport.response import Response
from modelwire.transport.urls import endpoint_of

if TYPE_CHECKING:
    import ssl

    from modelwire.transport.sessions import Sessions
__all__ = ["Transport"]


class Transport(AsyncClosable):
    """One pooled HTTP client, for any number of requests, event loops and threads.

    Making one costs nothing: the HTTP library is imported and certificates are read when the first
    request needs them, off the event loop. Connections are pooled per event loop and closed with
    it, or by `aclose`.

    Args:
        deadlines: The default limits on waiting, where neither a call nor the configuration sets
            them.
        environ: Where the proxy variables (see `proxy_for`), `SSL_CERT_FILE` and `SSL_CERT_DIR` are
            looked up; by default the process's environment.
        ca_bundle: A file of PEM certificates, or a directory as `openssl rehash` makes it, to trust
            in place of the environment's and the system's.
        client_cert: The PEM files of a client certificate and of its key, which is not encrypted.
        proxy: The URL of the proxy for all requests, whatever the environment says; an empty string
            means none. User name and password in it are sent as `Proxy-Authorization`.
        max_connections: The maximum of simultaneous connections per event loop, or `None` for no
            limit. A request waits for a free one, and only the total deadline limits that wait.
    """

    def __init__(
        self,
        *,
        deadlines: Deadlines | None = None,
        environ: Mapping[str, str] | None = None,
        ca_bundle: Path | str | None = None,
        client_cert: tuple[Path | str, Path | str] | None = None,
        proxy: str | None = None,
        max_connections: int | None = None,
    ) -> None:
        self.deadlines = deadlines or Deadlines()
        self._environ = os.environ if environ is None else environ
        self._ca_bundle = ca_bundle
        self._client_cert = client_cert
        self._proxy = proxy
        self._max_connections = max_connections
        self._sessions: Sessions | None = None
        self._opening: Any = None  # a module, known when there are sessions
        self._context: ssl.SSLContext | bool | None = None
        self._closed = False
        self._trusting: dict[str, Transport] = {}
        self._preparing = ForkSafeLock()

    async def __aenter__(self) -> Self:
        require_event_loop()
        return self

    def send(
        self,
        request: Request,
        *,
        deadlines: Deadlines | None = None,
        provider: str | None = None,
        model: str | None = None,
    ) -> AbstractAsyncContextManager[Response]:
        """Send a request, and return its response as soon as the head has arrived.

        Leaving the context before the end of the body closes the connection; after it, the
        connection goes back to the pool. Nothing is retried, with one exception: a kept connection
        that the server closed before it sent one byte of a response is replaced by another, once.

        Args:
            request: The request.
            deadlines: The limits on waiting; missing ones are those of the transport.
            provider: The provider's id, for errors.
            model: The model id, for errors.

        Raises:
            ConfigError: The URL, the proxy, or a file of certificates cannot be used.
            InvalidRequest: The request cannot be sent as HTTP.
            ConnectionFailed: There is no connection, or it broke.
            RequestTimeout: A deadline passed; its `phase` says which.
            MalformedResponse: The response is not HTTP, or only a part of the answer
                (206 Partial Content).
        """
        limits = self.deadlines if deadlines is None else deadlines.with_defaults(self.deadlines)
        return _ResponseContext(partial(self._open, request, limits, provider, model))

    def trusting(self, ca_bundle: Path | str) -> Transport:
        """A view of this transport for a service with certificates of its own.

        The result is like this transport, but trusts the certificates in `ca_bundle` and no
        others. There is one for each bundle, and it is closed with this one.

        Args:
            ca_bundle: A file of PEM certificates, or a directory as `openssl rehash` makes it.
        """
        key = str(ca_bundle)
        found = self._trusting.get(key)
        if found is None:
            # Without the lock, which a thread holds for as long as it prepares this transport.
            found = self._trusting.setdefault(key, self._another(ca_bundle))
        return found

    async def aclose(self) -> None:
        """Close all connections; pending reads fail with `ConnectionFailed`."""
        self._closed = True
        for transport in self._trusting.values():
            await transport.aclose()
        sessions, self._sessions = self._sessions, None
        if sessions is not None:
            await sessions.close()

    def _another(self, ca_bundle: Path | str) -> Transport:
        """Make a transport like this one that trusts other certificates."""
        return Transport(
            deadlines=self.deadlines,
            environ=self._environ,
            ca_bundle=ca_bundle,
            client_cert=self._client_cert,
            proxy=self._proxy,
            max_connections=self._max_connections,
        )

    async def _open(
        self, request: Request, deadlines: Deadlines, provider: str | None, model: str | None
    ) -> Response:
        """Send a request and wait for the head of its response."""
        require_event_loop()
        details: dict[str, Any] = {"provider": provider, "model": model}
        if self._closed:
            raise ConnectionFailed("The transport is closed.", retryable=False, **details)
        endpoint = endpoint_of(request.url)
        proxy = self._proxy_to(request.url)
        needs_tls = "https" in {endpoint.scheme, proxy.endpoint.scheme if proxy else None}
        sessions, context = self._sessions, self._context
        if sessions is None or (needs_tls and context is None):
            from asyncio import to_thread

            prepared = await to_thread(self._prepare, needs_tls=needs_tls)
            sessions, context = prepared
        response: Response = await self._opening.open_response(
            await sessions.of_this_loop(),
            request,
            endpoint,
            deadlines,
            details,
            context=context if needs_tls else None,
            proxy=proxy,
        )
        return response

    def _proxy_to(self, url: str) -> ProxyLogin | None:
        proxy = proxy_for(url, self._environ) if self._proxy is None else self._proxy
        return proxy_login(proxy) if proxy else None

    def _prepare(self, *, needs_tls: bool) -> tuple[Sessions, ssl.SSLContext | bool | None]:
        """Do the slow preparations, once; runs in a thread."""
        # What answers to failed requests need is imported now, and not on the event loop later.
        with importing():
            import email.utils  # noqa: F401
            import html  # noqa: F401

            from modelwire.transport import send as opening
            from modelwire.transport import tls
            from modelwire.transport.sessions import Sessions

        with self._preparing:
            self._opening = opening
            if self._sessions is None:
                self._sessions = Sessions(partial(opening.new_session, self._max_connections))
            if needs_tls and self._context is None:
                settings = tls.trust_settings(self._environ, self._ca_bundle, self._client_cert)
                # With the system's store alone, aiohttp trusts it by itself. It has read the store when
                # it was imported, and reading takes tens of milliseconds.
                system = settings == tls.TrustSettings()
                self._context = True if system else tls.context_for(settings)
            return self._sessions, self._context


class _ResponseContext:
    """A request and its response: entering sends the request, leaving closes the response.

    This is a class rather than a generator, since generators that are collected together are closed
    in no particular order: the plugin's would find this one closed already, and `contextlib` takes
    that for an error.
    """

    def __init__(self, open_response: Callable[[], Awaitable[Response]]) -> None:
        self._open_response = open_response
        self._response: Response | None = None

    async def __aenter__(self) -> Response:
        self._response = await self._open_response()
        return self._response

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._response is not None:
            self._response.close()
