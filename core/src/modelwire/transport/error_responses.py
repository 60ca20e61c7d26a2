"""Error responses: the typed error for a status, and the text in a body."""

from __future__ import annotations

import http
import json
import re
import time
from collections.abc import Mapping
from typing import Any

from modelwire.errors import (
    AccessDenied,
    AuthenticationError,
    BillingError,
    ConnectionFailed,
    InvalidRequest,
    MalformedResponse,
    NotFound,
    Overloaded,
    ProviderError,
    RateLimited,
    RequestTimeout,
    ServerError,
    StreamTruncated,
)
from modelwire.transport.request import request_id_in
from modelwire.transport.retry import parse_retry_after
from modelwire.transport.sse import SseDecoder

__all__ = ["error_from_status", "error_payload", "explain_body"]

_KINDS: Mapping[int, type[ProviderError]] = {
    # A success without a body, where an answer was requested.
    204: StreamTruncated,
    205: StreamTruncated,
    401: AuthenticationError,
    402: BillingError,
    403: AccessDenied,
    404: NotFound,
    407: ConnectionFailed,
    408: RequestTimeout,
    # A conflict with another request, or with the state of the model: worth another try.
    409: ServerError,
    410: NotFound,
    425: ServerError,
    429: RateLimited,
    451: AccessDenied,
    503: Overloaded,
    529: Overloaded,
}

_NOT_RETRYABLE = frozenset({407, 501, 505, 511})

_HINTS: Mapping[int, str] = {
    407: "Give the proxy's user name and password in its URL.",
    413: "The request is larger than the provider takes; send fewer or smaller images.",
    511: "The network wants a log-in first; open a web page in a browser.",
}

_REDIRECT_HINT = (
    "Redirects are not followed, since credentials must not travel; correct the base URL."
)


def error_from_status(
    status: int,
    message: str = "",
    *,
    headers: Mapping[str, str],
    request_id: str | None = None,
    provider: str | None = None,
    model: str | None = None,
    now: float | None = None,
) -> ProviderError:
    """Make the error of an HTTP status.

    Args:
        status: The HTTP status of a response that is not a success.
        message: The provider's message, as `explain_body` finds it; without it the error says what
            the status means.
        headers: The header fields of the response; they give the time to wait.
        request_id: The request's id, e.g. `Response.request_id`; without it `x-request-id` and
            `request-id` among the header fields are read.
        provider: The provider's id.
        model: The model id.
        now: The time at which the response arrived, in seconds since the epoch; by default now.

    Returns:
        The error, to be raised by the caller.
    """
    kind = _KINDS.get(status) or _kind_of_class(status)
    return kind(
        message or f"The provider answered {_named(status)}.",
        provider=provider,
        model=model,
        status=status,
        request_id=request_id or request_id_in(headers),
        retry_after=parse_retry_after(headers, time.time() if now is None else now),
        retryable=False if status in _NOT_RETRYABLE else None,
        hint=_REDIRECT_HINT if 300 <= status < 400 else _HINTS.get(status),
    )


def _kind_of_class(status: int) -> type[ProviderError]:
    if status >= 500:
        return ServerError
    return InvalidRequest if status >= 300 else MalformedResponse


def _named(status: int) -> str:
    try:
        return f"{status} {http.HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


_LONGEST = 500
_KEYS = ("message", "Message", "error_description", "error", "errors", "detail", "title", "msg")
_DEPTH = 5


def explain_body(body: bytes, content_type: str | None = None) -> str:
    """Find the message in the body of an error.

    Knows JSON in the shapes that providers use (`{"error": {"message": ...}}`, `{"error": "..."}`,
    `{"message": ...}`, `{"Message": ...}`, `{"detail": ...}` with a text or a list of them), HTML
    (its title, else its text) and plain text. The content of the body decides, not `content_type`,
    which proxies and gateways get wrong; it only distinguishes HTML fragments from plain text. A
    body that is framed as server-sent events is read by `error_payload` first.

    Returns:
        At most 500 characters on one line, without control characters; empty where there is no text.
    """
    text = error_payload(body).decode("utf-8", "replace").strip().removeprefix("\ufeff")
    if text[:1] in {"{", "[", '"'}:
        try:
            return _tidy(_message_in(json.loads(text)))
        except (ValueError, RecursionError):
            pass
    if text[:1] == "<" or "html" in (content_type or "").lower():
        return _tidy(_html_text(text))
    return _tidy(text)


_EVENT_FIELD = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:data|event|id|retry)?:")


def error_payload(body: bytes) -> bytes:
    """Find the payload in the body of an error.

    Services and gateways frame the body of an error as server-sent events where a stream was
    requested. Its payload is the data of the first event that holds any; every other body is its
    own.
    """
    if _EVENT_FIELD.match(body) is None:
        return body
    try:
        decoder = SseDecoder()
        events = [*decoder.feed(body.lstrip()), *decoder.end()]
    except ProviderError:
        return body
    return next((event.data.encode() for event in events if event.data.strip()), body)


def _message_in(value: Any, depth: int = 0) -> str:
    if isinstance(value, str):
        return value
    if depth > _DEPTH:
        return ""
    if isinstance(value, list):
        return "; ".join(filter(None, (_item(item, depth) for item in value[:10])))
    if isinstance(value, dict):
        return next((text for key in _KEYS if (text := _message_in(value.get(key), depth + 1))), "")
    return ""


def _item(value: Any, depth: int) -> str:
    """The text of one of several details; validation errors of FastAPI have the place in `loc`."""
    text = _message_in(value, depth + 1)
    place = value.get("loc") if isinstance(value, dict) else None
    if text and isinstance(place, list):
        return f"{'.'.join(map(str, place))}: {text}"
    return text


def _html_text(text: str) -> str:
    from html import unescape  # a table of a thousand names, for one error in many

    text = text[:100_000]
    title = re.search(r"<title[^<>]*>([^<]*)", text, re.IGNORECASE)
    if title and title[1].strip():
        return unescape(title[1])
    text = re.sub(r"<(script|style)\b.*?(</\1\s*>|\Z)", " ", text, flags=re.IGNORECASE | re.DOTALL)
    return unescape(re.sub(r"<[^<>]*>", " ", text))


def _tidy(text: str) -> str:
    # Enough for the result, whatever is taken out of it; an error's body may be megabytes.
    text = " ".join(text[:20_000].split())
    text = "".join(character for character in text if character.isprintable())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3].rstrip()}..."
