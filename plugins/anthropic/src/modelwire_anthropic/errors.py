"""Error responses of the Messages API, as typed errors.

https://docs.anthropic.com/en/api/errors has the types and their statuses. The type decides first,
with what the message says where one type has several meanings; then the status.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modelwire.authoring import parse_json_or_none
from modelwire.errors import (
    AccessDenied,
    AuthenticationError,
    BillingError,
    ContextOverflow,
    InvalidRequest,
    NotFound,
    Overloaded,
    ProviderError,
    RateLimited,
    RequestTimeout,
    ServerError,
)
from modelwire.transport import error_from_status, explain_body, request_id_in

__all__ = ["REQUEST_ID_HEADERS", "error_in_stream", "error_of_response", "refuses_thinking"]

REQUEST_ID_HEADERS = ("x-amzn-requestid",)
"""Where services name a request besides `request-id`: Amazon Bedrock's endpoint of this API."""

_LONGEST = 2000

_BY_TYPE: Mapping[str, type[ProviderError]] = {
    "invalid_request_error": InvalidRequest,
    "authentication_error": AuthenticationError,
    "billing_error": BillingError,
    "permission_error": AccessDenied,
    "not_found_error": NotFound,
    "request_too_large": InvalidRequest,
    "rate_limit_error": RateLimited,
    "api_error": ServerError,
    "timeout_error": RequestTimeout,
    "overloaded_error": Overloaded,
}

# What an invalid request is in truth.
_BY_MESSAGE: tuple[tuple[re.Pattern[str], type[ProviderError]], ...] = (
    (re.compile("prompt is too long|exceed\\w* (the )?context (limit|window)", re.IGNORECASE), ContextOverflow),
    (re.compile("credit balance is too low|usage limit.*regain access", re.IGNORECASE), BillingError),
)  # fmt: skip

_HINTS: Mapping[type[ProviderError], str] = {
    AuthenticationError: "Check the key, and that it belongs to this address.",
    ContextOverflow: "Shorten the conversation, or ask for fewer tokens.",
    NotFound: "`modelwire models list` shows the models that the key may use.",
}

_THINKING = re.compile(r"thinking|signature|redacted_thinking", re.IGNORECASE)


def error_of_response(
    status: int, headers: Mapping[str, str], body: bytes, *, provider: str, model: str | None
) -> ProviderError:
    """Make the error of an HTTP answer that is not a success."""
    fields = {name.lower(): value for name, value in headers.items()}
    kind, message = _read(parse_json_or_none(body))
    usual = error_from_status(
        status,
        message or explain_body(body, fields.get("content-type")),
        headers=fields,
        request_id=request_id_in(fields, REQUEST_ID_HEADERS),
        provider=provider,
        model=model,
    )
    meaning = _meaning(kind, message)
    if meaning is None:
        return usual
    error = meaning(
        usual.message,
        provider=provider,
        model=model,
        status=status,
        request_id=usual.request_id,
        retry_after=usual.retry_after,
        hint=_HINTS.get(meaning) or usual.hint,
    )
    if (again := fields.get("x-should-retry")) in ("true", "false"):
        error.retryable = again == "true"
    return error


def error_in_stream(
    payload: Any, *, provider: str, model: str | None, request_id: str | None
) -> ProviderError:
    """Make the error that an event `error` stands for."""
    kind, message = _read(payload)
    meaning = _meaning(kind, message) or ServerError
    said = message or f"The provider reports {kind or 'a failure and does not say which'}."
    return meaning(
        said,
        provider=provider,
        model=model,
        request_id=request_id,
        hint=_HINTS.get(meaning),
    )


def refuses_thinking(error: ProviderError) -> bool:
    """Whether the service does not take back thinking that it once gave."""
    return isinstance(error, InvalidRequest) and _THINKING.search(error.message) is not None


def _meaning(kind: str | None, message: str) -> type[ProviderError] | None:
    known = _BY_TYPE.get(kind or "")
    if known is InvalidRequest or known is None:
        for pattern, meaning in _BY_MESSAGE:
            if pattern.search(message):
                return meaning
    return known


def _read(payload: Any) -> tuple[str | None, str]:
    """The type and the message of an error."""
    inner = payload
    if isinstance(payload, Mapping):
        # Gateways leave out the object `error`.
        inner = payload.get("error") or payload.get("message") or payload.get("detail")
    if isinstance(inner, str):
        return None, inner[:_LONGEST]
    if not isinstance(inner, Mapping):
        return None, ""
    kind, message = inner.get("type"), inner.get("message")
    return (
        kind if isinstance(kind, str) else None,
        message.strip()[:_LONGEST] if isinstance(message, str) else "",
    )
