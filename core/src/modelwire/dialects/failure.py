"""Failures: failed requests, before they are reported in the form of an API."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

__all__ = ["Failure", "FailureKind"]

FailureKind = Literal[
    "invalid_request",
    "context_overflow",
    "content_filtered",
    "too_large",
    "slow_request",
    "unauthorized",
    "not_allowed",
    "model_not_allowed",
    "price_unknown",
    "not_found",
    "model_not_found",
    "rate_limited",
    "budget_used_up",
    "billing",
    "overloaded",
    "timeout",
    "upstream",
    "unavailable",
    "internal",
]


@frozen
class Failure:
    """A failed request.

    Attributes:
        status: The HTTP status, where the head of the answer has not been sent.
        kind: The kind of failure.
        message: The message for the client.
        param: The field of the request that is at fault, or `None`.
        retry_after: Seconds to wait before the same request may succeed, or `None`.
        retryable: Whether the same request may succeed later.
    """

    status: int
    kind: FailureKind
    message: str
    param: str | None = None
    retry_after: float | None = None
    retryable: bool = False
