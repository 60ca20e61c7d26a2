"""Failures of requests, made from exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import evolve

from modelwire.dialects import BadRequest, Failure, FailureKind
from modelwire.errors import ModelwireError, ProviderError, UnknownModel
from modelwire_gateway.access.caller import RequestRefused

__all__ = ["failure_of"]

_BY_CODE: Final[Mapping[str, tuple[int, FailureKind]]] = {
    "invalid_message": (400, "invalid_request"),
    "invalid_request": (400, "invalid_request"),
    "context_overflow": (400, "context_overflow"),
    "content_filtered": (400, "content_filtered"),
    "unknown_model": (404, "model_not_found"),
    "not_found": (404, "model_not_found"),
    # The gateway's own credentials: the client can do nothing about them, and must not believe that
    # its key is wrong.
    "auth": (502, "upstream"),
    "access_denied": (403, "not_allowed"),
    "billing": (402, "billing"),
    "rate_limited": (429, "rate_limited"),
    "overloaded": (503, "overloaded"),
    "timeout": (504, "timeout"),
    "config": (500, "internal"),
    "variable_not_set": (500, "internal"),
    "plugin": (500, "internal"),
}
_OTHER: Final[tuple[int, FailureKind]] = (502, "upstream")
_BY_STATUS: Final[Mapping[int, FailureKind]] = {408: "slow_request", 413: "too_large"}
_BY_REFUSAL: Final[Mapping[str, FailureKind]] = {
    "unauthorized": "unauthorized",
    "not_allowed": "not_allowed",
    "model_not_allowed": "model_not_allowed",
    "price_unknown": "price_unknown",
    "rate_limited": "rate_limited",
    "budget_used_up": "budget_used_up",
    "unavailable": "unavailable",
}
_TEMPORARY: Final = frozenset({"rate_limited", "unavailable"})


def failure_of(error: Exception) -> Failure:
    """Make a failure of what was raised; of a bug it says nothing but that there is one."""
    match error:
        case BadRequest():
            kind = _BY_STATUS.get(error.status, "invalid_request")
            return Failure(error.status, kind, error.message, error.param)
        case RequestRefused():
            return Failure(
                error.status,
                _BY_REFUSAL[error.code],
                error.message,
                retry_after=error.retry_after,
                retryable=error.code in _TEMPORARY,
            )
        case ModelwireError():
            return _of_model(error)
        case _:
            return Failure(500, "internal", "The gateway failed. Its log says more.")


def _of_model(error: ModelwireError) -> Failure:
    status, kind = _BY_CODE.get(error.code, _OTHER)
    message = error.message or error.code
    if isinstance(error, UnknownModel) and error.hint:
        message = f"{message} {error.hint}"
    made = Failure(status, kind, message, retryable=error.retryable)
    if isinstance(error, ProviderError):
        made = evolve(made, retry_after=error.retry_after)
    return made
