"""A door: one request of a client from its first byte to its last."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from attrs import evolve
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from modelwire.dialects import BadRequest, Dialect, Failure, ServedCall, ServedRequest, WireEvent
from modelwire.errors import Cancelled, InvalidRequest, ModelwireError, ProviderError
from modelwire.events import DoneEvent, TextDeltaEvent, ThinkingDeltaEvent, ToolCallDeltaEvent
from modelwire.messages import AssistantMessage, Usage
from modelwire.models import Model
from modelwire.runtime import Runtime, Stream
from modelwire_gateway.access.caller import Admission, Estimate, RequestRefused
from modelwire_gateway.doors.body import off_loop
from modelwire_gateway.doors.client import Client
from modelwire_gateway.doors.refusals import refused_field, without_fields
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
from modelwire_gateway.groups import is_of_the_model
from modelwire_gateway.records import RequestRecord
from modelwire_gateway.trace_context import client_trace

__all__ = ["Door"]

_LEFT: Final = 499
_LEAVING: Final = 5.0
"""Seconds for a call to end after its client has left."""
_CHARACTERS: Final = 4
"""Of a token, where the provider does not count."""
_STOPPED: Final = Failure(503, "unavailable", "The gateway is being stopped.", retryable=True)
_SHOWN: Final = 20
"""Paths in a header field, which clients limit in length."""
_PIECES: Final = (TextDeltaEvent, ThinkingDeltaEvent, ToolCallDeltaEvent)


class Door:
    """An ASGI application for the requests of one API.

    Args:
        gateway: What all doors share.
        dialect: The API.
        stream: Whether answers are streamed; by default the body of a request decides.
    """

    def __init__(self, gateway: Gateway, dialect: Dialect, *, stream: bool | None = None) -> None:
        self._gateway = gateway
        self._dialect = dialect
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        client = Client(scope, receive, send)
        await _Visit(self._gateway, self._dialect, client, self._stream).run()


class _Visit:
    """One request; nothing of it outlives `run`."""

    def __init__(
        self,
        gateway: Gateway,
        dialect: Dialect,
        client: Client,
        is_streamed: bool | None,
    ) -> None:
        self._gateway = gateway
        self._dialect = dialect
        self._client = client
        self._stream: Stream | None = None
        self._began = time.monotonic()
        self._record = RequestRecord(new_request_id(), dialect.api, time.time())
        self._written = 0
        self._has_left = False
        self._is_streamed = is_streamed

    async def run(self) -> None:
        """Answer, and record how it went."""
        self._gateway.begin(self._record)
        try:
            await self._answer()
        except ClientDisconnect:
            self._record.status, self._record.failure = _LEFT, "left"
        finally:
            self._record.seconds = time.monotonic() - self._began
            self._gateway.observe(self._record)

    async def _answer(self) -> None:
        try:
            request = await read_request(self._gateway, self._client, self._record)
        except (BadRequest, RequestRefused) as error:
            await self._fail(error)
            return
        with client_trace(request.headers):
            await self._client.attend(self._serve(request), self._left)

    def _left(self) -> float | None:
        """End the answer because its client has gone; one that is complete is only to be settled."""
        if self._client.complete:
            return None
        self._has_left = True
        self._record.status, self._record.failure = _LEFT, "left"
        if self._stream is None:
            return 0
        self._stream.cancel()
        return _LEAVING

    async def _serve(self, request: ClientRequest) -> None:
        """Call the model for a request that was read."""
        gateway = self._gateway
        try:
            members = await gateway.members(request.caller, request.name)
            first = members[0] if members else gateway.expand(request.name, self._dialect.provider)
            resolved = await resolve_request(gateway, request, first, self._record)
            call = await self._read(request, resolved)
            self._record.stream = call.stream
            estimate = Estimate(request.size // _CHARACTERS, call.options.max_tokens)
            admission = await gateway.access.admit(
                request.caller, resolved.model, estimate, name=request.name
            )
        except Exception as error:  # noqa: BLE001 - a client gets an answer whatever it is
            await self._fail(error)
            return
        try:
            if members:
                resolved = await self._call_one_of(request, resolved, members, admission)
            else:
                call = _labelled(call, admission)
                await self._call_with_less(call, resolved, request.name, gateway.runtime)
        except Exception as error:  # noqa: BLE001 - likewise
            await self._fail(error)
        finally:
            self._settle_usage(resolved.model, estimate)
            await admission.settle(self._record.usage, self._record.cost, model=self._record.model)

    async def _read(self, request: ClientRequest, resolved: ResolvedModel) -> ServedCall:
        call = await off_loop(
            request.size,
            self._dialect.read,
            request.body,
            request.headers,
            resolved.called,
            resolved.upstream,
        )
        return call if self._is_streamed is None else evolve(call, stream=self._is_streamed)

    async def _call_one_of(
        self,
        request: ClientRequest,
        resolved: ResolvedModel,
        members: list[str],
        admission: Admission,
    ) -> ResolvedModel:
        """Call the first of a group's models, and the next where the failure is the model's own."""
        gateway = self._gateway
        model, *others = members
        while True:
            call = _labelled(await self._read(request, resolved), admission)
            runtime = gateway.without_retries if others else gateway.runtime
            try:
                await self._call_with_less(call, resolved, request.name, runtime)
            except ProviderError as error:
                await gateway.groups.failed(model, error)
                if self._has_left or not others or not is_of_the_model(error):
                    raise
                model = others.pop(0)
                resolved = await resolve_request(gateway, request, model, self._record)
            else:
                if self._record.failure is None:
                    gateway.groups.answered(model)
                return resolved

    async def _call_with_less(
        self, call: ServedCall, resolved: ResolvedModel, name: str, runtime: Runtime
    ) -> None:
        """Call the model; where its provider refuses a field by its name, once more without it."""
        refused = self._gateway.refused_fields(resolved.called)
        while True:
            left_out = frozenset(refused)
            try:
                await self._call(without_fields(call, left_out), resolved, name, runtime)
            except InvalidRequest as error:
                field = refused_field(call, error)
                if field is None or field in left_out:
                    raise
                refused.add(field)
            else:
                return

    async def _call(
        self, call: ServedCall, resolved: ResolvedModel, name: str, runtime: Runtime
    ) -> None:
        served_request = ServedRequest(call, name, self._record.request_id, int(self._record.began))
        self._stream = stream = runtime.stream(
            call.context,
            model=None if resolved.reference is None else resolved.called.ref,
            options=call.options,
            keep_text=not call.stream
            or self._dialect.needs_text
            or call.options.response_schema is not None,
        )
        try:
            async with stream:
                if call.stream:
                    await self._write(stream, served_request)
                else:
                    message = await stream.result()
                    self._done(message)
                    headers = {
                        **self._dialect.headers(self._record.request_id),
                        **_ignored(call),
                    }
                    await self._client.succeed(
                        self._dialect.whole(message, served_request), headers
                    )
        except Cancelled as error:
            self._failed(error)
        except ModelwireError as error:
            self._failed(error)
            raise

    async def _write(self, stream: Stream, served_request: ServedRequest) -> None:
        """Write the events as they come; a failure after the head is the last of them."""
        writer = self._dialect.writer(served_request)
        channel = self._client.channel(
            {
                "content-type": self._dialect.media_type,
                "cache-control": "no-cache",
                "x-accel-buffering": "no",
                **self._dialect.headers(self._record.request_id),
                **_ignored(served_request.call),
            },
            keep_alive=lambda: self._framed(writer.keep_alive()),
            seconds=self._gateway.settings.keep_alive_seconds,
            begun=self._note_first_byte,
        )
        frame = self._dialect.frame
        try:
            async for event in stream:
                if type(event) is DoneEvent:
                    self._done(event.message)
                    channel.put(self._framed(writer.end(event.message)))
                else:
                    if isinstance(event, _PIECES):
                        self._written += len(event.delta)
                    if channel.put(b"".join(map(frame, writer.feed(event)))):
                        await channel.drained()
        except Cancelled:
            raise
        except asyncio.CancelledError:
            if channel.started:
                self._record.failure = _STOPPED.kind
                channel.close(self._framed(writer.fail(_STOPPED)))
            raise
        except Exception as error:
            if channel.abandon():
                raise
            if isinstance(error, ModelwireError):
                self._failed(error)
            failure = explain_error(error, self._record.request_id)
            self._record.failure = failure.kind
            channel.put(self._framed(writer.fail(failure)))
        finally:
            channel.close()
            # A client that reads nothing must not keep a gateway that stops from its end.
            await channel.ended(_LEAVING if self._is_cancelled() else None)

    def _framed(self, events: list[WireEvent]) -> bytes:
        return b"".join([self._dialect.frame(event) for event in events])

    @staticmethod
    def _is_cancelled() -> bool:
        task = asyncio.current_task()
        return task is not None and bool(task.cancelling())

    def _note_first_byte(self) -> None:
        self._record.first_byte = time.monotonic() - self._began

    def _done(self, message: AssistantMessage) -> None:
        self._record.usage = message.usage
        self._note_answer(message)
        self._record.model = f"{message.provider}/{message.model}"

    def _failed(self, error: ModelwireError) -> None:
        if error.partial is not None:
            self._record.usage = error.partial.usage
            self._note_answer(error.partial)

    def _note_answer(self, message: AssistantMessage) -> None:
        if self._record.content is not None:
            self._record.content.answer = message

    def _settle_usage(self, model: Model, estimate: Estimate) -> None:
        """Where an answer was cut before its usage came, count what was sent and written.

        A provider bills what it has read, also where the client leaves before the first byte.
        """
        usage = self._record.usage
        was_sent = self._written > 0 or (self._has_left and self._stream is not None)
        if was_sent and (usage is None or not usage.total_tokens):
            usage = Usage(input=estimate.input_tokens, output=self._written // _CHARACTERS)
        if usage is not None and usage.cost is None and model.prices is not None:
            usage = evolve(usage, cost=model.prices.cost_of(usage))
        self._record.usage = usage
        cost = usage.cost if usage is not None else None
        self._record.cost = cost.total if cost is not None else None

    async def _fail(self, error: Exception) -> None:
        failure = explain_error(error, self._record.request_id)
        self._record.failure = failure.kind
        response = failure_response(self._dialect, failure, self._record.request_id)
        self._record.status = response.status_code
        await self._client.respond(response)


def _labelled(call: ServedCall, admission: Admission) -> ServedCall:
    """Give the provider the labels of the caller with the request."""
    labels = admission.metadata
    if not labels:
        return call
    metadata = {**call.options.metadata, **labels}
    return evolve(call, options=evolve(call.options, metadata=metadata))


def _ignored(call: ServedCall) -> dict[str, str]:
    """The header field that names what is not passed on."""
    if not call.notes:
        return {}
    paths = list(dict.fromkeys(note.path for note in call.notes))
    shown = ", ".join(path for path in paths[:_SHOWN] if path.isascii() and path.isprintable())
    more = f", and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return {"x-modelwire-ignored": f"{shown}{more}"}
