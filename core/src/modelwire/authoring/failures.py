"""The errors of failures: a service's report in, the typed error with its hint out.

The code decides first, then the type, then the message, then the HTTP status.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from modelwire.authoring.failure_rules import (
    FailureRule,
    meaning_of_code,
    meaning_of_message,
)
from modelwire.authoring.service_failure import (
    ServiceFailure,
    read_failure,
    read_failure_body,
)
from modelwire.errors import ContextOverflow, ProviderError, ServerError
from modelwire.transport import error_from_status, parse_retry_after

__all__ = ["error_in_stream", "error_of_failure", "error_of_response"]

_AGAIN = re.compile(
    r"(?:try again|retry) (?:in|after) "
    r"(?:(\d{1,6})h)?(?:(\d{1,6})m(?!s))?\s*(?:([\d.]{1,20})\s*(ms|s(?:ec)?))?",
    re.IGNORECASE,
)


def error_of_response(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    provider: str | None = None,
    model: str | None = None,
    now: float | None = None,
) -> ProviderError:
    """Make the error of an HTTP response that is not a success.

    Its `__cause__` is the `ServiceFailure`. The time to wait is read from the header fields or from
    the message. The header field `x-should-retry` says whether another try makes sense.

    Args:
        status: The HTTP status.
        headers: The header fields, by names in any case.
        body: The body, or the beginning of it.
        provider: The provider's id.
        model: The model id.
        now: The time of its arrival, in seconds since the epoch; by default now.
    """
    fields = {name.lower(): value for name, value in headers.items()}
    failure = read_failure_body(body, fields.get("content-type"), status=status)
    error = error_of_failure(failure, headers=fields, provider=provider, model=model)
    retry_after = parse_retry_after(fields, time.time() if now is None else now)
    if retry_after is not None:
        error.retry_after = retry_after
    if (again := fields.get("x-should-retry")) in ("true", "false"):
        error.retryable = again == "true"
    return error


def error_in_stream(
    payload: Any,
    *,
    provider: str | None = None,
    model: str | None = None,
    request_id: str | None = None,
) -> ProviderError:
    """Make the error for a failure that a service reports with the status 200.

    Its `__cause__` is the `ServiceFailure`.

    Args:
        payload: The whole payload, or its `error`.
        provider: The provider's id.
        model: The model id.
        request_id: The provider's id of the request.
    """
    error = error_of_failure(read_failure(payload), provider=provider, model=model)
    error.request_id = request_id
    return error


def error_of_failure(
    failure: ServiceFailure,
    *,
    headers: Mapping[str, str] | None = None,
    provider: str | None = None,
    model: str | None = None,
) -> ProviderError:
    """Make the error for a failure; its `__cause__` is the failure.

    Args:
        failure: The failure, as the service reported it.
        headers: The header fields of the response, for the id of the request.
        provider: The provider's id.
        model: The model id.
    """
    details: dict[str, Any] = {"provider": provider, "model": model}
    meaning = _meaning(failure)
    usual = error_from_status(
        failure.status or 500,
        failure.message or _unsaid(failure),
        headers=headers or {},
        **details,
    )
    error: ProviderError
    if meaning is None:
        error = usual if failure.status else ServerError(usual.message, **details)
    else:
        error = meaning.kind(
            usual.message,
            status=failure.status,
            request_id=usual.request_id,
            retryable=meaning.retryable,
            hint=meaning.hint or (usual.hint if isinstance(usual, meaning.kind) else None),
            **details,
        )
    error.retry_after = _retry_after_in(failure.message) if error.retryable else None
    error.__cause__ = failure
    return error


def _meaning(failure: ServiceFailure) -> FailureRule | None:
    """The most exact meaning: a context overflow may have a general code."""
    by_code = meaning_of_code(failure.code) or meaning_of_code(failure.type)
    by_message = meaning_of_message(failure.message, failure.status)
    if by_code is None or (by_message is not None and not by_code.exact):
        return by_message or by_code
    if by_message is not None and by_message.kind is by_code.kind is not ContextOverflow:
        return by_message  # the same kind, with more to say about it
    return by_code


def _retry_after_in(message: str) -> float | None:
    """Read "Please try again in 6m0.5s", which is in messages without a header beside them."""
    found = _AGAIN.search(message)
    if found is None or not any(found.group(1, 2, 3)):
        return None
    hours, minutes, number, unit = found.groups()
    try:
        seconds = float(number or 0)
    except ValueError:
        return None
    seconds = seconds / 1000 if unit and unit.lower() == "ms" else seconds
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + seconds


def _unsaid(failure: ServiceFailure) -> str:
    word = failure.code or failure.type
    if word:
        return f"The provider reports {word}."
    return "" if failure.status else "The provider reports a failure without details."
