"""HTTP delivery of replies to real sockets, faults included."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from modelwire_bedrock.emulator.answers import WireEvent
from modelwire_bedrock.emulator.apis.errors import error_body, error_shape, error_status
from modelwire_bedrock.emulator.apis.paths import Endpoint
from modelwire_bedrock.emulator.connections import (
    close_connection,
    dribble,
    reset_connection,
    strike,
)
from modelwire_bedrock.emulator.errors import MESSAGES, BrokenConnection, Refusal
from modelwire_bedrock.emulator.faults import Fault
from modelwire_bedrock.emulator.replies import JsonReply, LiveReply, RecordedReply, StreamReply
from modelwire_bedrock.served.frames import CONTENT_TYPE

__all__ = [
    "LOGGER",
    "deliver_json",
    "deliver_live",
    "deliver_recorded",
    "deliver_refusal",
    "deliver_stream",
]

_STREAM_EXCEPTIONS = {
    "internalServerException",
    "modelStreamErrorException",
    "serviceUnavailableException",
    "throttlingException",
    "validationException",
}
_CHUNKED = (CONTENT_TYPE, "text/event-stream")
_NO_EVENT: WireEvent = ("", {})


async def deliver_refusal(
    request: web.Request, refusal: Refusal, request_id: str, endpoint: Endpoint = "runtime"
) -> web.StreamResponse:
    """Answer with an error as AWS writes it at this path.

    In AWS's own shape the code is in `x-amzn-errortype`.
    """
    path = request.raw_path.partition("?")[0]
    shape = error_shape(endpoint, request.method, path, refusal.code)
    if shape == "aws":
        kind = f"{refusal.code}:http://internal.amazon.com/coral/com.amazon.bedrock/"
        headers = {"x-amzn-errortype": kind, **refusal.headers}
        return await _send(request, refusal.status, _encoded(refusal.body()), headers, request_id)
    body, headers = error_body(refusal, shape, request_id), {"x-request-id": request_id}
    status = error_status(refusal, endpoint)
    return await _send(request, status, _encoded(body), {**headers, **refusal.headers}, request_id)


async def deliver_json(
    request: web.Request, reply: JsonReply, request_id: str
) -> web.StreamResponse:
    """Answer with a JSON body."""
    fault = reply.fault
    await _begin(request, reply)
    body = dict(reply.body)
    if fault is not None and fault.kind == "exception":
        raise Refusal(fault.code[:1].upper() + fault.code[1:], fault.message, status=fault.status)
    if fault is not None and fault.kind == "no_stop":
        body.pop("stopReason", None)
    data = _encoded(body)
    half = data[: len(data) // 2]
    if fault is not None and fault.kind == "truncate":
        data = half
    if fault is not None and fault.kind == "corrupt":
        data = _flipped(data, 0)
    if fault is None or fault.kind not in ("reset", "cut", "stall", "dribble"):
        return await _send(request, reply.status, data, reply.headers, request_id)
    response = _response(reply.status, {**_JSON, **reply.headers}, request_id)
    response.content_length = len(data)
    await response.prepare(request)
    if fault.kind == "dribble":
        await dribble(response, data, fault)
    else:
        await response.write(half)
        await strike(request, fault)
        await response.write(data[len(half) :])
    await response.write_eof()
    return response


async def deliver_stream(
    request: web.Request, reply: StreamReply, request_id: str
) -> web.StreamResponse:
    """Answer with an event stream.

    Raises:
        Refusal: The model failed before its first event.
        BrokenConnection: A fault broke the connection.
    """
    await _begin(request, reply)
    first = await anext(reply.events, _NO_EVENT)
    response = _response(
        200, {"content-type": reply.encoding.content_type, **reply.headers}, request_id
    )
    response.enable_chunked_encoding()
    await response.prepare(request)
    try:
        await _write_events(request, response, _chained(first, reply.events), reply)
    except Refusal as failure:
        name = failure.code[:1].lower() + failure.code[1:]
        name = name if name in _STREAM_EXCEPTIONS else "modelStreamErrorException"
        await response.write(reply.encoding.failure(name, failure.message, {}))
    await response.write_eof()
    return response


async def deliver_recorded(
    request: web.Request, reply: RecordedReply, request_id: str
) -> web.StreamResponse:
    """Answer with what was recorded, at the pace at which it came."""
    response = _response(reply.status, reply.headers, request_id)
    if reply.headers.get("content-type", "").startswith(_CHUNKED):
        response.enable_chunked_encoding()
    else:
        response.content_length = sum(len(data) for _, data in reply.chunks)
    await response.prepare(request)
    for seconds, data in reply.chunks:
        if seconds:
            await asyncio.sleep(seconds)
        await response.write(data)
    await response.write_eof()
    return response


async def deliver_live(
    request: web.Request, reply: LiveReply, request_id: str
) -> web.StreamResponse:
    """Pass an answer on while it arrives.

    Raises:
        BrokenConnection: The answer broke off; so does the one to the client.
    """
    response = _response(reply.status, reply.headers, request_id)
    response.enable_chunked_encoding()
    async with aclosing(reply.chunks) as chunks:
        await response.prepare(request)
        try:
            async for data in chunks:
                await response.write(data)
        except BrokenConnection:
            close_connection(request)
            raise
    await response.write_eof()
    return response


async def _begin(request: web.Request, reply: JsonReply | StreamReply) -> None:
    fault = reply.fault
    if fault is not None and fault.kind == "no_response":
        reset_connection(request)
    if fault is not None and fault.kind == "slow_start":
        await asyncio.sleep(fault.seconds or 0)
    if reply.pacing.first:
        await asyncio.sleep(reply.pacing.first)


async def _write_events(
    request: web.Request,
    response: web.StreamResponse,
    events: AsyncIterator[WireEvent],
    reply: StreamReply,
) -> None:
    fault = reply.fault
    pending = fault if fault is not None and fault.interrupts else None
    sent = 0
    async for name, payload in events:
        frame = reply.encoding.event(name, payload)
        if pending is not None and pending.kind == "no_stop" and name == "messageStop":
            return
        if pending is not None and pending.kind != "no_stop" and frame and sent >= pending.after:
            struck, pending = pending, None
            if struck.kind == "corrupt":
                frame = reply.encoding.corrupted(frame, struck.part)
            elif await _interrupted(request, response, struck, frame, reply):
                return
        if fault is not None and fault.kind == "dribble":
            await dribble(response, frame, fault)
        else:
            await response.write(frame)
        sent += 1
        if reply.pacing.between:
            await asyncio.sleep(reply.pacing.between)
    if pending is not None and pending.kind not in ("no_stop", "corrupt"):
        await _interrupted(request, response, pending, b"", reply)


async def _interrupted(
    request: web.Request,
    response: web.StreamResponse,
    fault: Fault,
    frame: bytes,
    reply: StreamReply,
) -> bool:
    """Apply a fault before a frame; return whether the body ends here."""
    if fault.kind == "exception":
        members: dict[str, Any] = {}
        if fault.original_status is not None:
            members = {"originalStatusCode": fault.original_status, "originalMessage": ""}
        usual = MESSAGES.get(fault.code[:1].upper() + fault.code[1:], fault.code)
        message = usual if fault.message is None else fault.message
        await response.write(reply.encoding.failure(fault.code, message, members))
        return True
    if fault.kind in ("cut", "truncate") and frame:
        await response.write(frame[: len(frame) // 2])
    if fault.kind == "truncate":
        return True
    await strike(request, fault)
    return False


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x01]) + data[at + 1 :]


async def _chained(first: WireEvent, events: AsyncIterator[WireEvent]) -> AsyncIterator[WireEvent]:
    if first is not _NO_EVENT:
        yield first
    async for event in events:
        yield event


_JSON = {"content-type": "application/json"}


def _encoded(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _response(status: int, headers: Mapping[str, str], request_id: str) -> web.StreamResponse:
    return web.StreamResponse(status=status, headers={"x-amzn-requestid": request_id, **headers})


async def _send(
    request: web.Request, status: int, data: bytes, headers: Mapping[str, str], request_id: str
) -> web.StreamResponse:
    response = _response(status, {**_JSON, **headers}, request_id)
    response.content_length = len(data)
    await response.prepare(request)
    await response.write(data)
    await response.write_eof()
    return response


LOGGER = logging.getLogger("modelwire_bedrock.emulator")


_HTTP2 = (
    "A client spoke HTTP/2; the emulator speaks HTTP/1.1. In the AWS SDK for JavaScript, give the "
    "client a requestHandler: new NodeHttpHandler()."
)


def _explain_bad_http(record: logging.LogRecord) -> bool:
    """Say in one line that a client does not speak HTTP/1.1, without a traceback of aiohttp.

    Nothing of the request is repeated: it may hold anything.
    """
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.exc_info = None
        record.args = ()
        record.msg = _HTTP2 if "PRI" in str(error) else "A client sent what is not valid HTTP/1.1."
    return True


LOGGER.addFilter(_explain_bad_http)
