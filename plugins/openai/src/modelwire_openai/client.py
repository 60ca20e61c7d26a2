"""The HTTP client of the OpenAI APIs.

What the body is decides how it is read, not what its header says: some servers answer with plain
JSON where a stream was asked for, some call a stream by another name, and proxies send pages.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from attrs import frozen

from modelwire.errors import MalformedResponse, ProviderError, StreamTruncated
from modelwire.redaction import scrub
from modelwire.transport import Request, SseDecoder, drain, explain_body
from modelwire_openai.errors import REQUEST_ID_HEADERS, error_in_stream, error_of_response

if TYPE_CHECKING:
    from modelwire.transport import Deadlines, Response, ServerSentEvent, Transport
    from modelwire_openai.account import Account

__all__ = [
    "Arrival",
    "DoneMarker",
    "Payload",
    "ResponseHead",
    "WholeAnswer",
    "encode",
    "fetch_json",
    "stream_json",
    "until_fault",
]

T = TypeVar("T")

_BODY_LIMIT = 64 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"
_DONE = "[DONE]"

_decode = msgspec.json.Decoder().decode


@frozen
class ResponseHead:
    """The answer has begun, with a success.

    Attributes:
        request_id: The provider's id of the request, or `None`.
    """

    request_id: str | None


@frozen
class Payload:
    """One event of the stream.

    Attributes:
        event: Its name; `message` where it has none.
        data: What it holds.
    """

    event: str
    data: dict[str, Any]


@frozen
class WholeAnswer:
    """The whole answer at once, as plain JSON, where a stream was asked for.

    Attributes:
        data: What it holds.
    """

    data: dict[str, Any]


@frozen
class DoneMarker:
    """The stream has said `[DONE]`; nothing follows."""


Arrival = ResponseHead | Payload | WholeAnswer | DoneMarker


async def stream_json(
    account: Account,
    route: str,
    payload: Mapping[str, Any],
    *,
    transport: Transport,
    deadlines: Deadlines | None = None,
    model: str | None = None,
) -> AsyncGenerator[list[Arrival], None]:
    """Send a request, and yield what arrives: `ResponseHead`, then payloads, or the answer as a whole.

    What arrived together is yielded together.

    It ends with the body, or after `DoneMarker`. Whether the answer is complete is for the reader to
    judge. Leaving it before its end closes the connection.

    Args:
        account: Where to and as whom.
        route: As `chat/completions`.
        payload: The body, as JSON data.
        transport: What carries it.
        deadlines: How long to wait for what.
        model: The model id, for errors.

    Raises:
        ProviderError: The service refused, failed, or reported a failure in its stream; what came
            before has been yielded.
    """
    request = Request(
        "POST",
        account.url(route),
        {
            **account.headers,
            "Content-Type": "application/json",
            "Accept": "text/event-stream, application/json",
        },
        encode(payload),
        request_id_headers=REQUEST_ID_HEADERS,
    )
    details: dict[str, Any] = {"provider": account.provider, "model": model}
    async with transport.send(request, deadlines=deadlines, **details) as response:
        await _check(response, account, model)
        yield [ResponseHead(response.request_id)]
        reader = _Reader(account, response, details)
        async with aclosing(response.iter_bytes()) as chunks:
            async for chunk in chunks:
                arrived, fault = until_fault(reader.feed(chunk))
                if arrived:
                    yield arrived
                if fault is not None:
                    raise fault
                if reader.done:
                    await drain(chunks)
                    return
        arrived, fault = until_fault(reader.end())
        if arrived:
            yield arrived
        if fault is not None:
            raise fault


async def fetch_json(
    account: Account,
    route: str,
    *,
    transport: Transport,
    deadlines: Deadlines | None = None,
) -> Any:
    """Get a resource, as `models`.

    Raises:
        ProviderError: The service refused or failed, or did not answer with JSON.
    """
    request = Request(
        "GET",
        account.url(route),
        {**account.headers, "Accept": "application/json"},
        request_id_headers=REQUEST_ID_HEADERS,
    )
    details: dict[str, Any] = {"provider": account.provider}
    async with transport.send(request, deadlines=deadlines, **details) as response:
        await _check(response, account, None)
        body = await response.read()
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise _no_json(body, response, account, details) from scrub(error)


def until_fault(items: Iterable[T]) -> tuple[list[T], ProviderError | None]:
    """Take items up to a fault, which is for raising when they have been passed on."""
    taken: list[T] = []
    try:
        for item in items:
            taken.append(item)  # noqa: PERF402 - what was taken is kept when taking the next fails
    except ProviderError as fault:
        return taken, fault
    return taken, None


def encode(payload: Mapping[str, Any]) -> bytes:
    """Write a request's body: the same data always as the same bytes, so that caches fit."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(
        "utf-8", "replace"
    )


class _Reader:
    """Takes the body of one answer apart."""

    def __init__(self, account: Account, response: Response, details: dict[str, Any]) -> None:
        self.done = False
        self._at_end = False
        self._account = account
        self._response = response
        self._details = details
        self._decoder = SseDecoder()
        self._kind: str | None = None
        self._held: list[bytes] = []
        self._held_size = 0
        self._events = 0

    def feed(self, chunk: bytes) -> Iterator[Arrival]:
        """Take the next bytes; what they hold before a failure comes before it is raised."""
        if self._kind is None:
            chunk = self._begin(chunk)
        if self._kind == "events":
            yield from self._take(self._decoder.feed(chunk))
        elif chunk:
            self._hold(chunk)

    def end(self) -> Iterator[Arrival]:
        """Take the end of the body."""
        if self._kind == "events":
            self._at_end = True
            yield from self._take(self._decoder.end())
            if self._events:
                return
        if self._kind == "json":
            yield WholeAnswer(self._whole(b"".join(self._held)))
            return
        if self._kind == "page":
            raise _no_json(b"".join(self._held), self._response, self._account, self._details)
        raise StreamTruncated(
            "The provider answered with success and said nothing.",
            status=self._response.status,
            request_id=self._response.request_id,
            hint="Some servers do that when the conversation does not fit into the model.",
            **self._details,
        )

    def _begin(self, chunk: bytes) -> bytes:
        """Find out what the body is, from its first bytes that are not white space."""
        begun = b"".join(self._held) + chunk
        text = begun.removeprefix(_BOM).lstrip()
        if not text:
            self._held = [begun]
            return b""
        self._kind = {b"{": "json", b"[": "json", b"<": "page"}.get(text[:1], "events")
        self._held = []
        return begun

    def _hold(self, chunk: bytes) -> None:
        self._held.append(chunk)
        self._held_size += len(chunk)
        if self._held_size > _BODY_LIMIT:
            msg = f"The answer is larger than {_BODY_LIMIT} bytes."
            raise MalformedResponse(msg, status=self._response.status, **self._details)

    def _take(self, events: list[ServerSentEvent]) -> Iterator[Arrival]:
        for event in events:
            text = event.data.strip()
            if not text:
                continue
            self._events += 1
            if text == _DONE:
                self.done = True
                yield DoneMarker()
                return
            yield Payload(event.event, self._payload(event.event, text))

    def _payload(self, name: str, text: str) -> dict[str, Any]:
        try:
            data = read_json(text)
        except (ValueError, RecursionError) as error:
            if name == "error":
                raise self._failure(text) from scrub(error)
            # An event that lacks its end is what a cut leaves behind.
            kind, what = (
                (StreamTruncated, "The stream ended in the middle of an event.")
                if self._at_end
                else (MalformedResponse, "An event of the stream is not valid JSON.")
            )
            failure = kind(what, request_id=self._response.request_id, **self._details)
            raise failure from scrub(error)
        if name == "error" or not isinstance(data, dict) or data.get("error"):
            raise self._failure(data)
        return data

    def _whole(self, body: bytes) -> dict[str, Any]:
        try:
            data = json.loads(body)
        except (ValueError, RecursionError) as error:
            fault = scrub(error)
            raise _no_json(body, self._response, self._account, self._details) from fault
        if not isinstance(data, dict) or data.get("error"):
            raise self._failure(data)
        return data

    def _failure(self, payload: Any) -> ProviderError:
        told = json.loads(self._account.redact(json.dumps(payload, ensure_ascii=False)))
        return error_in_stream(told, request_id=self._response.request_id, **self._details)


def read_json(text: str) -> Any:
    """Read one event. What the fast reader refuses, as an unpaired surrogate, the other may take.

    Raises:
        ValueError: It is not JSON.
    """
    try:
        return _decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return json.loads(text)


async def _check(response: Response, account: Account, model: str | None) -> None:
    """Raise what an answer that is not a success stands for."""
    if 200 <= response.status < 300:
        return
    body = account.redact((await response.read_error()).decode("utf-8", "replace")).encode()
    raise error_of_response(
        response.status, response.headers, body, provider=account.provider, model=model
    )


def _no_json(
    body: bytes, response: Response, account: Account, details: dict[str, Any]
) -> MalformedResponse:
    said = account.redact(explain_body(body, response.headers.get("Content-Type")))
    return MalformedResponse(
        f"The answer is not of this API: {said}" if said else "The answer is not of this API.",
        status=response.status,
        request_id=response.request_id,
        retryable=False,
        hint="Check the base URL; a proxy or a web page may have answered instead.",
        **details,
    )
