"""Failures in the form of OpenAI's APIs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modelwire.dialects import Failure, FailureKind, FailureReport

__all__ = ["error_object", "openai_error", "openai_headers"]

_WORDS: Final[Mapping[FailureKind, tuple[str, str | None]]] = {
    "invalid_request": ("invalid_request_error", None),
    "context_overflow": ("invalid_request_error", "context_length_exceeded"),
    "content_filtered": ("invalid_request_error", "content_filter"),
    "too_large": ("invalid_request_error", "request_too_large"),
    "slow_request": ("invalid_request_error", "request_timeout"),
    "unauthorized": ("invalid_request_error", "invalid_api_key"),
    "not_allowed": ("invalid_request_error", "permission_denied"),
    "model_not_allowed": ("invalid_request_error", "model_not_allowed"),
    "price_unknown": ("invalid_request_error", "model_price_unknown"),
    "not_found": ("invalid_request_error", "not_found"),
    "model_not_found": ("invalid_request_error", "model_not_found"),
    "rate_limited": ("rate_limit_error", "rate_limit_exceeded"),
    "budget_used_up": ("insufficient_quota", "insufficient_quota"),
    "billing": ("insufficient_quota", "insufficient_quota"),
    "overloaded": ("server_error", "server_overloaded"),
    "timeout": ("server_error", "timeout"),
    "upstream": ("server_error", "upstream_error"),
    "unavailable": ("server_error", "service_unavailable"),
    "internal": ("server_error", "server_error"),
}
"""Type and code of each kind. An account without credit is 429 `insufficient_quota` there."""


def error_object(failure: Failure) -> dict[str, Any]:
    """The object `error` of a failure."""
    kind, code = _WORDS[failure.kind]
    return {"message": failure.message, "type": kind, "param": failure.param, "code": code}


def openai_error(failure: Failure) -> FailureReport:
    """A failure as an answer."""
    status = 429 if failure.kind == "billing" else failure.status
    return FailureReport(status, {"error": error_object(failure)})


def openai_headers(request_id: str) -> dict[str, str]:
    """The header fields that every answer has."""
    return {"x-request-id": request_id}
