"""A failure as a service reports it: read from any body or payload, in any shape.

A failure comes as an HTTP response, as a document with the status 200, or as an event of a stream.
Its shape differs: an object, a text, a list, events, a proxy's HTML, plain text; its code is a word,
a number, an HTTP status as a number or as text, or missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from modelwire.authoring.failure_rules import meaning_of_code
from modelwire.authoring.json_text import parse_json_or_none
from modelwire.transport import error_payload, explain_body

__all__ = ["ServiceFailure", "read_failure", "read_failure_body", "reports_failure"]

_LONGEST = 2_000
_HTTP_STATUS = re.compile(r"[1-5]\d\d")
_NUMBER = re.compile(r"\d{4,6}")
_SUCCESSES = frozenset({"0", "200", "20000"})
_WORDS = ("message", "msg", "detail", "error_description", "error_msg", "errors")
_ANSWERS = frozenset({"choices", "object", "output", "content", "candidates", "data", "done"})
"""Members of answers and their events; an object with one of them is not only a message."""
_OF_FAILURES = frozenset({"error", "base_resp", *_WORDS})
"""Members of which a failure has at least one, unless its type or object marks it."""


class ServiceFailure(Exception):
    """A failure as the service reported it; the `__cause__` of the typed error.

    Attributes:
        message: The message.
        code: Its name or number for the failure, such as `context_length_exceeded`, or `None`.
        type: Its name for the kind of failure, such as `invalid_request_error`, or `None`.
        param: The part of the request that it objects to, or `None`.
        status: The HTTP status, of the response or in the failure itself, or `None`.
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


def reports_failure(name: str, data: Any) -> bool:
    """Whether JSON data in an answer with the status 200 reports a failure.

    Services and gateways do that in several forms: as an event `error`, with a member `error`, with
    the type or object `error`, as a bare text, as a `base_resp` whose status is not 0, or as an
    object that has a message and no part of an answer.

    Args:
        name: The event's name; `message` for a whole document.
        data: Its JSON data.
    """
    if name == "error" or isinstance(data, str):
        return name in ("error", "message")
    if isinstance(data, dict) and _OF_FAILURES.isdisjoint(data):  # as in nearly all events
        return data.get("type") == "error" or data.get("object") == "error"
    if isinstance(data, list):
        return any(isinstance(item, dict) and reports_failure(name, item) for item in data)
    return isinstance(data, dict) and (_is_failure(data) or _only_says(data))


def _is_failure(data: Mapping[str, Any]) -> bool:
    """Whether an object is marked as a failure."""
    marks = (data.get("type"), data.get("object"))
    return bool(data.get("error")) or "error" in marks or _base_resp(data) is not None


def _only_says(data: Mapping[str, Any]) -> bool:
    """Whether an object has a message and no part of an answer or of an event of one."""
    kind = data.get("type")
    if not _ANSWERS.isdisjoint(data) or _succeeded(data):
        return False
    if kind is not None and meaning_of_code(_word(kind)) is None:
        return False
    return any(_says(data.get(key)) for key in _WORDS)


def read_failure(payload: Any) -> ServiceFailure:
    """Read a failure in any of the shapes that services use; the result may be empty.

    Args:
        payload: JSON data, the whole or its `error`, or a text.
    """
    if isinstance(payload, list):
        payload = next((item for item in payload if isinstance(item, dict)), None)
    if isinstance(payload, str):
        return ServiceFailure(payload.strip()[:_LONGEST])
    if not isinstance(payload, Mapping):
        return ServiceFailure()
    base = _base_resp(payload)
    if base is not None and not payload.get("error"):
        message = base.get("status_msg")
        return ServiceFailure(
            message[:_LONGEST] if isinstance(message, str) else "",
            code=f"base_resp:{base['status_code']}",
        )
    inner = payload.get("error")
    if isinstance(inner, Mapping):
        outer = {key: payload[key] for key in ("code", "param") if key in payload}
        payload = {**outer, **inner}
    elif isinstance(inner, str):
        # `{"error": "Unauthorized"}`, and `{"code": "…", "error": "…"}`.
        payload = {**payload, "message": inner}
    statuses = [
        _status(payload.get(key)) for key in ("code", "status_code", "statusCode", "status")
    ]
    return ServiceFailure(
        _message(payload)[:_LONGEST],
        code=_word(payload.get("code")) or _word(_inner_code(payload)),
        type=_word(payload.get("type")),
        param=_word(payload.get("param")),
        status=next((status for status in statuses if status is not None), None),
    )


def read_failure_body(
    body: bytes, content_type: str | None = None, *, status: int | None = None
) -> ServiceFailure:
    """Read the body of a failure: JSON, events with JSON in them, HTML or plain text.

    Args:
        body: The body, or the beginning of it.
        content_type: Its `Content-Type`, which is only a hint.
        status: The HTTP status of the response, which outweighs one in the body.
    """
    read = read_failure(parse_json_or_none(error_payload(body)))
    return ServiceFailure(
        read.message or explain_body(body, content_type),
        code=read.code,
        type=read.type,
        param=read.param,
        status=status or read.status,
    )


def _base_resp(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The member `base_resp`, where its status is a failure."""
    base = data.get("base_resp")
    if not isinstance(base, Mapping):
        return None
    code = base.get("status_code")
    failed = isinstance(code, int) and not isinstance(code, bool) and code != 0
    return base if failed else None


def _succeeded(data: Mapping[str, Any]) -> bool | None:
    """Whether an envelope reports success; `None` where it does not say."""
    if data.get("success") is False:
        return False
    code = data.get("code")
    if isinstance(code, bool) or not isinstance(code, int | str):
        return None
    return str(code).strip() in _SUCCESSES


def _says(value: Any) -> bool:
    return isinstance(value, str | list) and bool(value)


def _message(payload: Mapping[str, Any]) -> str:
    message = explain_body(json.dumps(payload, default=str).encode())
    metadata = payload.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, Mapping) else None
    if raw:
        # What the service behind a router said, whose own message is "Provider returned error".
        behind = raw if isinstance(raw, str) else json.dumps(raw)
        message = f"{message}: {explain_body(behind.encode()) or behind}"
    return message


def _inner_code(payload: Mapping[str, Any]) -> Any:
    """The specific reason behind a general code."""
    inner = payload.get("innererror")
    return inner.get("code") if isinstance(inner, Mapping) else None


def _word(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
        return value if _NUMBER.fullmatch(value) else None
    if not isinstance(value, str) or _HTTP_STATUS.fullmatch(value.strip()):
        return None
    return value.strip() or None


def _status(value: Any) -> int | None:
    if isinstance(value, str) and _HTTP_STATUS.fullmatch(value.strip()):
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool) and 400 <= value < 600
    return value if fits else None
