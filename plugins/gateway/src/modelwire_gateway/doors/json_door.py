"""A door for requests whose answer is one JSON object and no conversation."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from modelwire.dialects import BadRequest, ErrorWords
from modelwire_gateway.access.caller import RequestRefused
from modelwire_gateway.doors.client import Client
from modelwire_gateway.doors.visit import (
    ClientRequest,
    ResolvedModel,
    explain_error,
    failure_response,
    new_request_id,
    read_request,
    resolve_request,
)
from modelwire_gateway.gateway import Gateway
from modelwire_gateway.records import RequestRecord

__all__ = ["Handler", "JsonDoor"]

Handler = Callable[
    [Gateway, ClientRequest, ResolvedModel, RequestRecord], Awaitable[dict[str, Any]]
]
"""Makes the body of an answer; what it raises is answered in the words of the API."""


class JsonDoor:
    """An ASGI application.

    Args:
        gateway: What all doors share.
        words: How the API reports failures.
        name: What is served, for the records.
        handler: Makes the answers.
    """

    def __init__(self, gateway: Gateway, words: ErrorWords, *, name: str, handler: Handler) -> None:
        self._gateway = gateway
        self._words = words
        self._name = name
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        record = RequestRecord(new_request_id(), self._name, time.time())
        self._gateway.begin(record)
        began = time.monotonic()
        client = Client(scope, receive, send)
        try:
            try:
                request = await read_request(self._gateway, client, record)
            except (BadRequest, RequestRefused) as error:
                await client.respond(self._fail(error, record))
                return

            def left() -> float | None:
                if client.complete:
                    return None
                record.status, record.failure = 499, "left"
                return 0

            await client.attend(self._respond(request, client, record), left)
        except ClientDisconnect:
            record.status, record.failure = 499, "left"
        finally:
            record.seconds = time.monotonic() - began
            self._gateway.observe(record)

    async def _respond(self, request: ClientRequest, client: Client, record: RequestRecord) -> None:
        try:
            members = await self._gateway.members(request.caller, request.name)
            first = members[0] if members else self._gateway.expand(request.name)
            resolved = await resolve_request(self._gateway, request, first, record)
            body = await self._handler(self._gateway, request, resolved, record)
        except Exception as error:  # noqa: BLE001 - a client gets an answer whatever it is
            await client.respond(self._fail(error, record))
        else:
            await client.succeed(body, self._words.headers(record.request_id))

    def _fail(self, error: Exception, record: RequestRecord) -> Response:
        failure = explain_error(error, record.request_id)
        record.failure = failure.kind
        response = failure_response(self._words, failure, record.request_id)
        record.status = response.status_code
        return response
