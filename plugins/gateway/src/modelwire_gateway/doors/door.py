"""A door: one request of a client from its first byte to its last."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Final

import msgspec
from attrs import evolve
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from modelwire.errors import Cancelled, ModelwireError
from modelwire.events import DoneEvent, TextDeltaEvent, ThinkingDeltaEvent, ToolCallDeltaEvent
from modelwire.messages import AssistantMessage, Usage
from modelwire.models import Model
from modelwire.runtime import Stream
from modelwire_gateway.access.caller import Admission, Caller, Estimate, Refused
from modelwire_gateway.doors.body import BadRequest, read_body
from modelwire_gateway.doors.call import Call
from modelwire_gateway.doors.channel import Channel, attend
from modelwire_gateway.doors.dialect import Asked, Dialect
from modelwire_gateway.doors.failure import Failure, failure_of
from modelwire_gateway.gateway import Gateway, logger
from modelwire_gateway.records import RequestRecord

__all__ = ["Door", "failure_response", "new_request_id"]

_LEFT: Final = 499
_CHARACTERS: Final = 4
"""Of a token, where nobody has counted."""
_PIECES: Final = (TextDeltaEvent, ThinkingDeltaEvent, ToolCallDeltaEvent)


def new_request_id() -> str:
    """Make the id of a request."""
    return f"req_{secrets.token_hex(12)}"


def failure_response(dialect: Dialect, failure: Failure, request_id: str) -> Response:
    """Write a failure as a response of an API."""
    status, body = dialect.error(failure, request_id)
    headers = dialect.headers(request_id)
    headers["x-should-retry"] = "true" if failure.retryable else "false"
    if failure.retry_after is not None:
        headers["retry-after"] = str(max(1, round(failure.retry_after + 0.499)))
    return _json(body, status, headers)


def _json(body: object, status: int, headers: dict[str, str]) -> Response:
    return Response(msgspec.json.encode(body), status, headers, "application/json")


class Door:
    """An ASGI application for the requests of one API.

    Args:
        gateway: What all doors share.
        dialect: The API.
    """

    def __init__(self, gateway: Gateway, dialect: Dialect) -> None:
        self._gateway = gateway
        self._dialect = dialect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        visit = _Visit(self._gateway, self._dialect, Request(scope, receive), send)
        await visit.run()


class _Visit:
    """One request; nothing of it outlives `run`."""

    def __init__(self, gateway: Gateway, dialect: Dialect, request: Request, send: Send) -> None:
        self._gateway = gateway
        self._dialect = dialect
        self._request = request
        self._send = send
        self._leave = asyncio.Event()
        self._began = time.monotonic()
        self._record = RequestRecord(new_request_id(), dialect.api, time.time())
        self._written = 0

    async def run(self) -> None:
        """Answer, and record how it went."""
        try:
            await self._answer()
        except ClientDisconnect:
            self._record.status, self._record.failure = _LEFT, "left"
        finally:
            self._record.seconds = time.monotonic() - self._began
            self._gateway.observe(self._record)

    async def _answer(self) -> None:
        settings = self._gateway.settings
        try:
            headers = dict(self._request.headers)
            caller = await self._gateway.access.authenticate(headers)
            self._record.caller = caller.id
            body, size = await read_body(
                self._request, most=settings.max_body_bytes, seconds=settings.request_seconds
            )
            body = {**self._request.path_params, **body}
            name = body.get("model")
            if not isinstance(name, str) or not name.strip():
                raise BadRequest("model must be the name of a model.", param="model")
            self._record.name = name
        except (BadRequest, Refused) as error:
            await self._fail(failure_of(error))
            return
        work = asyncio.create_task(self._serve(body, headers, size, name.strip(), caller))
        await attend(self._request.receive, work, self._leave)

    async def _serve(
        self, body: dict[str, object], headers: dict[str, str], size: int, name: str, caller: Caller
    ) -> None:
        """Call the model for a request that was read."""
        gateway = self._gateway
        try:
            reference = gateway.expand(name)
            model = await gateway.runtime.resolve(reference)
            self._record.model = str(model.ref)
            upstream = await gateway.upstream_api(model)
            call = self._dialect.read(body, headers, model, upstream)
            self._record.stream = call.stream
            estimate = Estimate(size // _CHARACTERS, call.options.max_tokens)
            admission = await gateway.access.admit(caller, model, estimate, name=name)
        except Exception as error:  # noqa: BLE001 - a client gets an answer whatever it is
            await self._fail(self._explained(error))
            return
        try:
            await self._call(_labelled(call, admission), model, reference, name)
        except Exception as error:  # noqa: BLE001 - likewise
            await self._fail(self._explained(error))
        finally:
            self._settle_usage(model, estimate)
            await admission.settle(self._record.usage, self._record.cost)

    async def _call(self, call: Call, model: Model, reference: str | None, name: str) -> None:
        asked = Asked(call, name, self._record.request_id, int(self._record.began))
        stream = self._gateway.runtime.stream(
            call.context,
            model=None if reference is None else model.ref,
            options=call.options,
            keep_text=not call.stream
            or self._dialect.needs_text
            or call.options.response_schema is not None,
        )
        leaving = asyncio.create_task(self._cancel_on_leave(stream))
        try:
            async with stream:
                if call.stream:
                    await self._stream(stream, asked)
                else:
                    message = await stream.result()
                    self._done(message)
                    headers = {
                        **self._dialect.headers(self._record.request_id),
                        **_ignored(call),
                    }
                    await self._respond(_json(self._dialect.whole(message, asked), 200, headers))
        except Cancelled as error:
            self._record.status, self._record.failure = _LEFT, "left"
            self._failed(error)
        except ModelwireError as error:
            self._failed(error)
            raise
        finally:
            leaving.cancel()

    async def _cancel_on_leave(self, stream: Stream) -> None:
        await self._leave.wait()
        stream.cancel()

    async def _stream(self, stream: Stream, asked: Asked) -> None:
        """Write the events as they come; a failure after the head is the last of them."""
        writer = self._dialect.writer(asked)
        channel = Channel(
            self._send,
            {
                "content-type": self._dialect.media_type,
                "cache-control": "no-cache",
                "x-accel-buffering": "no",
                **self._dialect.headers(self._record.request_id),
                **_ignored(asked.call),
            },
            keep_alive=self._dialect.keep_alive,
            seconds=self._gateway.settings.keep_alive_seconds,
        )
        sending = asyncio.create_task(channel.run())
        try:
            async for event in stream:
                if type(event) is DoneEvent:
                    self._done(event.message)
                    await channel.put(writer.end(event.message))
                else:
                    if isinstance(event, _PIECES):
                        self._written += len(event.delta)
                    await channel.put(writer.feed(event))
                    if self._record.first_byte is None:
                        self._record.first_byte = time.monotonic() - self._began
        except Cancelled:
            raise
        except Exception as error:
            if channel.abandon():
                raise
            if isinstance(error, ModelwireError):
                self._failed(error)
            failure = self._explained(error)
            self._record.failure = failure.kind
            await channel.put(writer.fail(failure))
        finally:
            channel.close()
            await sending

    def _done(self, message: AssistantMessage) -> None:
        self._record.usage = message.usage
        self._record.model = f"{message.provider}/{message.model}"

    def _failed(self, error: ModelwireError) -> None:
        if error.partial is not None:
            self._record.usage = error.partial.usage

    def _settle_usage(self, model: Model, estimate: Estimate) -> None:
        """Where an answer was cut before its usage came, count what was written."""
        usage = self._record.usage
        if usage is not None and not usage.total_tokens and self._written:
            usage = Usage(input=estimate.input_tokens, output=self._written // _CHARACTERS)
        if usage is not None and usage.cost is None and model.prices is not None:
            usage = evolve(usage, cost=model.prices.cost_of(usage))
        self._record.usage = usage
        cost = usage.cost if usage is not None else None
        self._record.cost = cost.total if cost is not None else None

    def _explained(self, error: Exception) -> Failure:
        failure = failure_of(error)
        if failure.kind == "internal":
            logger.error("%s failed: %s", self._record.request_id, error, exc_info=error)
        return failure

    async def _fail(self, failure: Failure) -> None:
        self._record.failure = failure.kind
        await self._respond(failure_response(self._dialect, failure, self._record.request_id))

    async def _respond(self, response: Response) -> None:
        self._record.status = response.status_code
        await response(self._request.scope, self._request.receive, self._send)


def _labelled(call: Call, admission: Admission) -> Call:
    """Give the provider the labels of the caller with the request."""
    if not admission.metadata:
        return call
    metadata = {**call.options.metadata, **admission.metadata}
    return evolve(call, options=evolve(call.options, metadata=metadata))


def _ignored(call: Call) -> dict[str, str]:
    """The header field that names what is not passed on."""
    paths = ", ".join(dict.fromkeys(note.path for note in call.notes))
    return {"x-modelwire-ignored": paths} if paths else {}
