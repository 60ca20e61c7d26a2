"""Error responses of OpenAI-compatible services, as typed errors.

A failure comes as an HTTP answer or as an object in the middle of a stream. Services shape it in
many ways: an object, a text, `detail`, plain text, a proxy's HTML; its code is a word, a status as
a number or as text, or nothing. The code decides first, then the type, then what the message says,
then the status.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import Any

from modelwire.authoring import parse_json_or_none
from modelwire.errors import ContextOverflow, ProviderError, ServerError
from modelwire.transport import (
    error_from_status,
    explain_body,
    parse_retry_after,
    request_id_in,
)
from modelwire_openai.error_rules import ErrorRule, meaning_of_code, meaning_of_message

__all__ = [
    "REQUEST_ID_HEADERS",
    "ServiceFault",
    "error_in_stream",
    "error_of_response",
    "read_fault",
]

REQUEST_ID_HEADERS = ("x-amzn-requestid",)
"""Where services name a request besides `x-request-id`: Amazon Bedrock's endpoints of these APIs."""

_LONGEST = 2_000
_AGAIN = re.compile(
    r"(?:try again|retry) (?:in|after) "
    r"(?:(\d{1,6})h)?(?:(\d{1,6})m(?!s))?\s*(?:([\d.]{1,20})\s*(ms|s(?:ec)?))?",
    re.IGNORECASE,
)
_BARE_STATUS = re.compile(r"[1-5]\d\d")


class ServiceFault(Exception):
    """A failure as the service reported it; the `__cause__` of the typed error.

    Attributes:
        message: What it said.
        code: Its word for the failure, as `context_length_exceeded`, or `None`.
        type: Its word for the kind of failure, as `invalid_request_error`, or `None`.
        param: The part of the request that it objects to, or `None`.
        status: The HTTP status, of the answer or in the error itself, or `None`.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        type: str | None = None,  # noqa: A002 - the services' own name
        param: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}" if code else message)
        self.message = message
        self.code = code
        self.type = type
        self.param = param
        self.status = status


def error_of_response(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    provider: str | None = None,
    model: str | None = None,
    now: float | None = None,
) -> ProviderError:
    """Make the error of an HTTP answer that is not a success.

    Its `__cause__` is the `ServiceFault`.

    Args:
        status: The HTTP status.
        headers: The header fields, by names in any case.
        body: The body, or the beginning of it.
        provider: The provider's id.
        model: The model id.
        now: When it arrived, in seconds since the epoch; by default now.
    """
    fields = {name.lower(): value for name, value in headers.items()}
    read = read_fault(parse_json_or_none(body))
    fault = ServiceFault(
        read.message or explain_body(body, fields.get("content-type")),
        code=read.code,
        type=read.type,
        param=read.param,
        status=status,
    )
    error = _error(fault, fields, provider, model)
    error.request_id = request_id_in(fields, REQUEST_ID_HEADERS)
    asked = parse_retry_after(fields, time.time() if now is None else now)
    if asked is not None:
        error.retry_after = asked
    # OpenAI's own word on whether another try makes sense; its SDK follows it.
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
    """Make the error that a payload in an answer with the status 200 stands for.

    Its `__cause__` is the `ServiceFault`.

    Args:
        payload: The whole payload, or its `error`.
        provider: The provider's id.
        model: The model id.
        request_id: The provider's id of the request.
    """
    error = _error(read_fault(payload), {}, provider, model)
    error.request_id = request_id
    return error


def read_fault(payload: Any) -> ServiceFault:
    """Read an error in any of the shapes that services use; it may turn out to say nothing."""
    if isinstance(payload, list):
        payload = next((item for item in payload if isinstance(item, dict)), None)
    if isinstance(payload, str):
        return ServiceFault(payload.strip()[:_LONGEST])
    if not isinstance(payload, Mapping):
        return ServiceFault()
    inner = payload.get("error")
    if isinstance(inner, Mapping):
        outer = {key: value for key, value in payload.items() if key != "error"}
        payload = {**{k: outer[k] for k in ("code", "param") if k in outer}, **inner}
    elif isinstance(inner, str):
        # `{"error": "Unauthorized"}`, and xAI's `{"code": "…", "error": "…"}`.
        payload = {**payload, "message": inner}
    message = _message(payload)
    statuses = [
        _status(payload.get(key)) for key in ("code", "status_code", "statusCode", "status")
    ]
    return ServiceFault(
        message=message[:_LONGEST],
        code=_word(payload.get("code")) or _word(_inner_code(payload)),
        type=_word(payload.get("type")),
        param=_word(payload.get("param")),
        status=next((status for status in statuses if status is not None), None),
    )


def _error(
    fault: ServiceFault, headers: Mapping[str, str], provider: str | None, model: str | None
) -> ProviderError:
    details: dict[str, Any] = {"provider": provider, "model": model}
    meaning = _meaning(fault)
    usual = error_from_status(
        fault.status or 500, fault.message or _unsaid(fault), headers=headers, **details
    )
    error: ProviderError
    if meaning is None:
        error = usual if fault.status else ServerError(usual.message, **details)
    else:
        error = meaning.kind(
            usual.message,
            status=fault.status,
            request_id=usual.request_id,
            retryable=meaning.retryable,
            hint=meaning.hint or (usual.hint if isinstance(usual, meaning.kind) else None),
            **details,
        )
    error.retry_after = _asked_in_words(fault.message) if error.retryable else None
    error.__cause__ = fault
    return error


def _meaning(fault: ServiceFault) -> ErrorRule | None:
    """The most exact meaning: an overflow may hide behind a general code."""
    by_code = meaning_of_code(fault.code) or meaning_of_code(fault.type)
    by_message = meaning_of_message(fault.message, fault.status)
    if by_code is None or (by_message is not None and not by_code.exact):
        return by_message or by_code
    if by_message is not None and by_message.kind is by_code.kind is not ContextOverflow:
        return by_message  # the same kind, with more to say about it
    return by_code


def _message(payload: Mapping[str, Any]) -> str:
    said = explain_body(json.dumps(payload, default=str).encode())
    metadata = payload.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, Mapping) else None
    if raw:
        # What the service behind OpenRouter said; OpenRouter's own message is "Provider returned error".
        behind = raw if isinstance(raw, str) else json.dumps(raw)
        said = f"{said}: {explain_body(behind.encode()) or behind}"
    return said


def _inner_code(payload: Mapping[str, Any]) -> Any:
    """Azure's own reason, under a general code."""
    inner = payload.get("innererror")
    return inner.get("code") if isinstance(inner, Mapping) else None


def _word(value: Any) -> str | None:
    if not isinstance(value, str) or _BARE_STATUS.fullmatch(value.strip()):
        return None
    return value.strip() or None


def _status(value: Any) -> int | None:
    if isinstance(value, str) and _BARE_STATUS.fullmatch(value.strip()):
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool) and 400 <= value < 600
    return value if fits else None


def _asked_in_words(message: str) -> float | None:
    """Read "Please try again in 6m0.5s", which stands in messages without a header beside them."""
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


def _unsaid(fault: ServiceFault) -> str:
    word = fault.code or fault.type
    if word:
        return f"The provider reports {word}."
    return "" if fault.status else "The provider reports a failure and does not say which."
