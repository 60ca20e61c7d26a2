"""What an HTTP status means, where a provider says nothing more exact."""

from __future__ import annotations

import http
import time
from collections.abc import Mapping

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
)
from modelwire.transport.headers import request_id
from modelwire.transport.retry_after import parse_retry_after

__all__ = ["error_from_status"]

_KINDS: Mapping[int, type[ProviderError]] = {
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
    provider: str | None = None,
    model: str | None = None,
    now: float | None = None,
) -> ProviderError:
    """Make the error that an HTTP status stands for.

    Args:
        status: The HTTP status of a response that is not a success.
        message: What the provider said, as `explain_body` finds it; without it the error says what
            the status means.
        headers: The header fields of the response; they give the request's id and the time to wait.
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
        request_id=request_id(headers),
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
