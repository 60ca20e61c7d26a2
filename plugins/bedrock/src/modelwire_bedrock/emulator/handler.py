"""The handler of requests: reads one, has it answered, and notes how it ended."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from aiohttp import web

from modelwire_bedrock.emulator.access import HostPolicy, check_origin
from modelwire_bedrock.emulator.apis.errors import error_status
from modelwire_bedrock.emulator.apis.paths import SERVICES, Endpoint
from modelwire_bedrock.emulator.documents import parse_json
from modelwire_bedrock.emulator.errors import BrokenConnection, Refusal, new_request_id
from modelwire_bedrock.emulator.http import (
    deliver_json,
    deliver_live,
    deliver_recorded,
    deliver_refusal,
    deliver_stream,
)
from modelwire_bedrock.emulator.received import End, ReceivedRequest
from modelwire_bedrock.emulator.replies import (
    JsonReply,
    LiveReply,
    RecordedReply,
    Reply,
    StreamReply,
)
from modelwire_bedrock.emulator.service import Service
from modelwire_bedrock.emulator.signatures import SignedRequest
from modelwire_bedrock.emulator.upstream import Upstream

__all__ = ["KEPT_REQUESTS", "Handler"]

KEPT_REQUESTS = 1000
"""How many requests are kept for tests to look at."""


class Handler:
    """Answers requests, and keeps the last of them.

    Args:
        service: Decides on the replies.
        hosts: The names that requests may be addressed to.
        upstream: Where to pass everything on to, or `None`.
        on_end: Called when a request has ended.
    """

    def __init__(
        self,
        service: Service,
        hosts: HostPolicy,
        upstream: Upstream | None,
        on_end: Callable[[ReceivedRequest], None] | None,
    ) -> None:
        self.received: deque[ReceivedRequest] = deque(maxlen=KEPT_REQUESTS)
        self.stopping = False
        self._service = service
        self._hosts = hosts
        self._upstream = upstream
        self._on_end = on_end

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request to the runtime endpoint or the control plane."""
        return await self._handle(request, "runtime")

    async def handle_mantle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request to the second endpoint, `bedrock-mantle`."""
        return await self._handle(request, "mantle")

    async def _handle(self, request: web.Request, endpoint: Endpoint) -> web.StreamResponse:
        signed, received = await self._read(request, endpoint)
        self.received.append(received)
        try:
            response = await self._answered(request, signed, received)
        except BrokenConnection as broken:
            received.message = str(broken) or None
            self._ended(received, "broken")
            raise web.HTTPInternalServerError from None  # the client has disconnected
        except (asyncio.CancelledError, ConnectionError) as left:
            self._ended(received, "broken" if self.stopping else "client_left")
            if isinstance(left, ConnectionError):
                raise web.HTTPInternalServerError from None  # aiohttp would log a traceback
            raise
        self._ended(received, "refused" if received.error else "complete")
        return response

    async def _answered(
        self, request: web.Request, signed: SignedRequest, received: ReceivedRequest
    ) -> web.StreamResponse:
        try:
            self._check_access(request, signed)
            reply = await self._reply(signed, received)
            received.status = 200 if isinstance(reply, StreamReply) else reply.status
            return await self._deliver(request, reply, received.request_id)
        except Refusal as refusal:
            received.error, received.message = refusal.code, refusal.message
            received.status = error_status(refusal, received.endpoint)
            return await deliver_refusal(request, refusal, received.request_id, received.endpoint)

    def _ended(self, received: ReceivedRequest, end: End) -> None:
        received.finish(end)
        if self._on_end is not None:
            self._on_end(received)

    async def _read(
        self, request: web.Request, endpoint: Endpoint
    ) -> tuple[SignedRequest, ReceivedRequest]:
        data = await request.read()
        path, _, query = request.raw_path.partition("?")
        headers = [(name.lower(), value) for name, value in request.headers.items()]
        signed = SignedRequest(request.method, path, query, headers, data)
        try:
            body = parse_json(data) if data else None
        except ValueError:
            body = None
        id_ = new_request_id(endpoint)
        received = ReceivedRequest(request.method, path, dict(headers), body, id_)
        received.endpoint = endpoint
        return signed, received

    def _check_access(self, request: web.Request, signed: SignedRequest) -> None:
        transport = request.transport
        local = transport.get_extra_info("sockname") if transport is not None else None
        self._hosts.check(signed.header("host"), local[0].partition("%")[0] if local else None)
        check_origin(dict(signed.headers))

    async def _reply(self, signed: SignedRequest, received: ReceivedRequest) -> Reply:
        if self._upstream is not None:
            services = SERVICES[received.endpoint]
            identity = received.identity = self._service.authenticator.admit(signed, services)
            region = identity.region or self._service.region
            return await self._upstream.pass_on(signed, region, received.endpoint)
        try:
            return self._service.reply(signed, received)
        except RecursionError:
            raise Refusal("SerializationException", "The request is nested too deeply.") from None

    async def _deliver(
        self, request: web.Request, reply: Reply, request_id: str
    ) -> web.StreamResponse:
        if isinstance(reply, RecordedReply):
            return await deliver_recorded(request, reply, request_id)
        if isinstance(reply, LiveReply):
            return await deliver_live(request, reply, request_id)
        if isinstance(reply, JsonReply):
            return await deliver_json(request, reply, request_id)
        if reply.fold is not None:
            body, headers = reply.fold([event async for event in reply.events])
            folded = JsonReply(body, 200, headers, reply.fault, reply.pacing)
            return await deliver_json(request, folded, request_id)
        return await deliver_stream(request, reply, request_id)
