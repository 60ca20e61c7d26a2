"""Sending of a request, up to the head of its response."""

from __future__ import annotations

import asyncio
import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp
import yarl
from aiohttp.payload import Payload

from modelwire.errors import InvalidRequest, RequestTimeout
from modelwire.redaction import secrets_in
from modelwire.redaction.echoes import SentSecrets
from modelwire.transport.body import Body
from modelwire.transport.deadlines import Deadlines
from modelwire.transport.errors import FAULTS, Exchange, cause_of
from modelwire.transport.log import log_request
from modelwire.transport.proxies import ProxyLogin
from modelwire.transport.request import Request, clean_headers, request_id_in
from modelwire.transport.request_deadlines import ReportingConnector, RequestDeadlines
from modelwire.transport.response import Response
from modelwire.transport.starts import pass_gate
from modelwire.transport.urls import Endpoint
from modelwire.transport.watch import note_request

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

__all__ = ["PiecewisePayload", "new_session", "open_response"]

_PIECE = 64 * 1024


class PiecewisePayload(Payload):
    """Bytes for aiohttp to send, of which no copy is made; may be sent more than once."""

    _autoclose = True  # nothing is open

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self._size = len(body)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text."""
        body: bytes = self._value
        return body.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write all of it, with an iteration of the loop between two pieces."""
        view = memoryview(self._value)
        for start in range(0, len(view), _PIECE):
            if start:
                await asyncio.sleep(0)
            await writer.write(view[start : start + _PIECE])


_KEEP_ALIVE = 50.0
"""Seconds that an unused connection is kept: less than the minute after which balancers cut it."""

_LONGEST_HEADER = 64 * 1024
_AUTOMATIC_HEADERS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_LINE_BREAKS = frozenset("\r\n\0")
_DEFAULT_HEADERS = (
    ("accept-encoding", "Accept-Encoding", "identity"),
    ("user-agent", "User-Agent", "modelwire"),
)

_READ_AHEAD = 32 * 1024
"""Bytes; a connection is paused while twice as many wait for their reader."""

_SENT_AS_ONE = 256 * 1024
"""A larger body is written piece by piece, so that other tasks can run."""


def new_session(
    max_connections: int | None, make_socket: aiohttp.SocketFactoryType
) -> aiohttp.ClientSession:
    """Make a session for the running loop: it follows no redirect, keeps no cookie, adds no header.

    Args:
        max_connections: The maximum of simultaneous connections, or `None` for no limit.
        make_socket: Makes the socket of a connection.
    """
    return aiohttp.ClientSession(
        connector=ReportingConnector(
            limit=max_connections or 0,
            keepalive_timeout=_KEEP_ALIVE,
            socket_factory=make_socket,
            # The system's own resolver, also where aiohttp would prefer another that is installed:
            # it knows the hosts file, VPNs and local names.
            resolver=aiohttp.ThreadedResolver(),
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=_AUTOMATIC_HEADERS,
        timeout=aiohttp.ClientTimeout(total=None),
        auto_decompress=False,  # the body does that, in slices
        read_bufsize=_READ_AHEAD,
        max_line_size=_LONGEST_HEADER,
        max_field_size=_LONGEST_HEADER,
    )


async def open_response(
    session: aiohttp.ClientSession,
    request: Request,
    endpoint: Endpoint,
    deadlines: Deadlines,
    details: dict[str, Any],
    *,
    context: ssl.SSLContext | bool | None,
    proxy: ProxyLogin | None,
) -> Response:
    """Send a request and wait for the head of its response.

    Args:
        session: The session of the running loop.
        request: The request.
        endpoint: Where the request goes, for errors.
        deadlines: The limits, in seconds.
        details: Further attributes of each error. Once there is a response, they include `request_id`.
        context: The TLS settings, `True` for aiohttp's own, or `None` without TLS.
        proxy: The proxy to go through, or `None`.

    Raises:
        ProviderError: No response came, or none in HTTP, or one with a part of the answer.
    """
    await pass_gate()
    exchange = Exchange(endpoint, proxy.endpoint if proxy else None, details)
    options = _options(request, exchange, context, proxy)
    fields = options["headers"]
    if "proxy_headers" in options:
        fields = {**fields, **options["proxy_headers"]}
    secrets = secrets_in(fields, request.public_headers, request.url)
    SentSecrets.note(secrets)
    note_request(request)
    telling = log_request(request, options["headers"], proxy.url if proxy is not None else None)
    progress = RequestDeadlines(deadlines)
    try:
        raw = await progress.in_time(_send(session, request, options, progress))
    except FAULTS as fault:
        late = isinstance(fault, TimeoutError) and progress.expired
        failure = (
            RequestTimeout.in_phase(progress.phase, progress.limit, **exchange.details)
            if late
            else exchange.request_fault(fault)
        )
        if telling is not None:
            telling.failed(failure)
        raise failure from (None if late else cause_of(fault))
    headers = clean_headers(raw.headers, secrets)
    if telling is not None:
        telling.head(raw.status, headers)
    # The errors from here on name the request, too.
    details["request_id"] = request_id = request_id_in(headers, request.request_id_headers)
    body = Body(
        raw,
        session,
        exchange,
        deadlines,
        connected_at=progress.connected_at,
        total_at=progress.total_at,
        telling=telling,
    )
    if raw.status == HTTPStatus.PARTIAL_CONTENT:
        body.close()
        raise exchange.part_only(raw.status)
    return Response(raw.status, headers, body, request_id=request_id, secrets=secrets)


async def _send(
    session: aiohttp.ClientSession,
    request: Request,
    options: dict[str, Any],
    progress: RequestDeadlines,
) -> aiohttp.ClientResponse:
    """Send, and retry once when the server turns out to have closed a kept connection."""
    url = yarl.URL(request.url, encoded=request.url.isascii())
    resent = False
    while True:
        try:
            return await session.request(
                request.method,
                url,
                data=_body(request.body),
                **options,
            )
        except aiohttp.ClientConnectionError as fault:
            if resent or not progress.reused or not _was_stale(fault):
                raise
            resent = True


def _was_stale(fault: aiohttp.ClientConnectionError) -> bool:
    """Whether the connection ended without one byte of a response."""
    if isinstance(fault, aiohttp.ServerDisconnectedError):
        # With the beginning of a head, the message is that beginning, parsed.
        return isinstance(fault.message, str)
    return isinstance(fault, aiohttp.ClientOSError | ConnectionResetError)


def _options(
    request: Request,
    exchange: Exchange,
    context: ssl.SSLContext | bool | None,
    proxy: ProxyLogin | None,
) -> dict[str, Any]:
    headers = dict(request.headers)
    if not _LINE_BREAKS.isdisjoint("".join([*headers, *headers.values()])):
        raise _line_break(headers, exchange)
    present = {name.lower() for name in headers}
    headers |= {name: value for lower, name, value in _DEFAULT_HEADERS if lower not in present}
    options: dict[str, Any] = {"headers": headers, "allow_redirects": False}
    if context is not None:
        options["ssl"] = context
    if proxy is not None:
        options["proxy"] = proxy.url
        # A proxy that opens a tunnel gets a CONNECT request; any other reads the request's headers.
        tunnel = exchange.endpoint.scheme == "https"
        (options.setdefault("proxy_headers", {}) if tunnel else headers).update(proxy.headers)
    return options


def _line_break(headers: dict[str, str], exchange: Exchange) -> InvalidRequest:
    broken = (name for name, value in headers.items() if not _LINE_BREAKS.isdisjoint(name + value))
    return InvalidRequest(
        f"The header {next(broken).strip()!r} holds a line break.",
        hint="Is there a line break at the end of a key?",
        **exchange.details,
    )


def _body(body: bytes | None) -> bytes | PiecewisePayload | None:
    return PiecewisePayload(body) if body is not None and len(body) > _SENT_AS_ONE else body
