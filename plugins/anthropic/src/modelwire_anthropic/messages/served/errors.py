"""Failures in the form of Anthropic's API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modelwire.dialects import Failure, FailureKind, FailureReport

__all__ = ["anthropic_error", "error_body"]

_WORDS: Final[Mapping[FailureKind, tuple[str, int | None]]] = {
    "invalid_request": ("invalid_request_error", None),
    "context_overflow": ("invalid_request_error", None),
    "content_filtered": ("invalid_request_error", None),
    "too_large": ("request_too_large", None),
    "slow_request": ("timeout_error", None),
    "unauthorized": ("authentication_error", None),
    "not_allowed": ("permission_error", None),
    "model_not_allowed": ("permission_error", None),
    "price_unknown": ("permission_error", None),
    "not_found": ("not_found_error", None),
    "model_not_found": ("not_found_error", None),
    "rate_limited": ("rate_limit_error", None),
    "budget_used_up": ("rate_limit_error", None),
    "billing": ("billing_error", None),
    "overloaded": ("overloaded_error", 529),
    "timeout": ("timeout_error", None),
    "upstream": ("api_error", None),
    "unavailable": ("overloaded_error", 529),
    "internal": ("api_error", None),
}
"""The type of each kind, and the status where it is one of Anthropic's own."""

_TOO_LONG: Final = "prompt is too long"
"""By these words Claude Code knows that it has to shorten the conversation."""


def error_body(failure: Failure, request_id: str) -> dict[str, Any]:
    """The body of an error, also as an event."""
    kind, _ = _WORDS[failure.kind]
    message = failure.message
    if failure.kind == "context_overflow" and _TOO_LONG not in message.lower():
        message = f"{_TOO_LONG}: {message}"
    error: dict[str, Any] = {"type": kind, "message": message}
    if failure.kind == "budget_used_up":
        # Claude Code tries this one not again.
        error["details"] = {"error_code": "enforced_spend_limit_reached"}
    return {"type": "error", "error": error, "request_id": request_id}


def anthropic_error(failure: Failure, request_id: str) -> FailureReport:
    """A failure as an answer."""
    _, status = _WORDS[failure.kind]
    return FailureReport(status or failure.status, error_body(failure, request_id))
