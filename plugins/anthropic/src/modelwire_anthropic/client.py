"""The HTTP client of the Messages API."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec
from attrs import frozen

from modelwire.errors import MalformedResponse, ProviderError, StreamTruncated
from modelwire.redaction import scrub
from modelwire.transport import Request, SseDecoder, drain, explain_body
from modelwire_anthropic.account import PUBLIC_HEADERS
from modelwire_anthropic.errors import REQUEST_ID_HEADERS, error_in_stream, error_of_response

if TYPE_CHECKING:
    from modelwire.transport import Deadlines, Response, ServerSentEvent, Transport
    from modelwire_anthropic.account import Account

__all__ = ["EventBatch", "fetch_json", "stream_events"]

_decode = msgspec.json.Decoder().decode


@frozen
class EventBatch:
    """Events that arrived together; the first one comes with the head of the response.

    Attributes:
        events: What they hold.
        request_id: The service's id of the request, or `None`.
        error: What ended the stream after them, or `None`.
    """

    events: tuple[Mapping[str, Any], ...] = ()
    request_id: str | None = None
    error: ProviderError | None = None


async def stream_events(
    account: Account,
    payload: Mapping[str, Any],
    *,
    betas: tuple[str, ...],
    transport: Transport,
    deadlines: Deadlines,
    model: str,
) -> AsyncGenerator[EventBatch, None]:
    """Send a request to `/v1/messages`; yield what arrives, to `message_stop` or the end.

    Events that arrived before a failure are yielded before it is raised.

    Raises:
        ProviderError: The service refused, failed, or reported a failure in its stream.
    """
    headers = {
        **account.headers,
        "content-type": "application/json",
        "accept": "text/event-stream",
    }
    if betas:
        given = [name for name in headers.get("anthropic-beta", "").split(",") if name.strip()]
        headers["anthropic-beta"] = ",".join(dict.fromkeys([*given, *betas]))
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    request = Request(
        "POST",
        account.url("messages"),
        headers,
        body.encode("utf-8", "replace"),
        public_headers=PUBLIC_HEADERS,
        request_id_headers=REQUEST_ID_HEADERS,
    )
    details: dict[str, Any] = {"provider": account.provider, "model": model}
    async with transport.send(request, deadlines=deadlines, **details) as response:
        await _check(response, account, model)
        yield EventBatch(request_id=response.request_id)
        decoder = SseDecoder()
        anything = False
        async with aclosing(response.iter_bytes()) as chunks:
            async for chunk in chunks:
                arrived, done = _read(decoder.feed(chunk), account, response, model)
                anything = anything or bool(arrived.events)
                if arrived.events:
                    yield arrived
                if arrived.error is not None:
                    raise arrived.error
                if done:
                    await drain(chunks)
                    return
        arrived, _ = _read(decoder.end(), account, response, model, at_end=True)
        if arrived.events:
            yield arrived
        if arrived.error is not None:
            raise arrived.error
        if not anything and not arrived.events:
            raise MalformedResponse(
                "The answer holds no event of this API.",
                status=response.status,
                request_id=response.request_id,
                retryable=False,
                hint="Check the base URL; a proxy or a web page may have answered instead.",
                **details,
            )


async def fetch_json(
    account: Account, route: str, *, transport: Transport, deadlines: Deadlines | None = None
) -> Any:
    """Get a resource, as `models?limit=1`.

    Raises:
        ProviderError: The service refused or failed, or did not answer with JSON.
    """
    headers = {**account.headers, "accept": "application/json"}
    request = Request(
        "GET",
        account.url(route),
        headers,
        public_headers=PUBLIC_HEADERS,
        request_id_headers=REQUEST_ID_HEADERS,
    )
    provider = account.provider
    async with transport.send(request, deadlines=deadlines, provider=provider) as response:
        await _check(response, account, None)
        body = await response.read()
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            said = account.redact(explain_body(body, response.headers.get("Content-Type")))
            raise MalformedResponse(
                f"The answer is not of this API: {said}",
                status=response.status,
                provider=account.provider,
                retryable=False,
                hint="Check the base URL; a proxy or a web page may have answered instead.",
            ) from scrub(error)


async def _check(response: Response, account: Account, model: str | None) -> None:
    """Raise what an answer that is not a success stands for."""
    if 200 <= response.status < 300:
        return
    body = account.redact((await response.read_error()).decode("utf-8", "replace")).encode()
    raise error_of_response(
        response.status, response.headers, body, provider=account.provider, model=model
    )


def _read(
    arrived: list[ServerSentEvent],
    account: Account,
    response: Response,
    model: str,
    *,
    at_end: bool = False,
) -> tuple[EventBatch, bool]:
    """Read events up to the last or the first that is wrong, and say whether the stream is done."""
    events: list[Mapping[str, Any]] = []
    details: dict[str, Any] = {
        "provider": account.provider,
        "model": model,
        "request_id": response.request_id,
    }
    for event in arrived:
        text = event.data.strip()
        if not text:
            continue
        try:
            data = _decode(text)
        except (msgspec.DecodeError, UnicodeError):
            # An event that lacks its end is what a cut leaves behind.
            kind = StreamTruncated if at_end else MalformedResponse
            msg = "The stream ended in the middle of an event." if at_end else _NO_JSON
            return EventBatch(tuple(events), error=kind(msg, **details)), False
        if not isinstance(data, dict):
            error = MalformedResponse(_NO_JSON, **details)
            return EventBatch(tuple(events), error=error), False
        if data.get("type", "error") == "error" or event.event == "error":
            told = json.loads(account.redact(json.dumps(data)))
            return EventBatch(tuple(events), error=error_in_stream(told, **details)), False
        events.append(data)
        if data.get("type") == "message_stop":
            return EventBatch(tuple(events)), True
    return EventBatch(tuple(events)), False


_NO_JSON = "An event of the stream is not a JSON object."
