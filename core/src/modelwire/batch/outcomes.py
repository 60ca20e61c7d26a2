"""Outcomes of failed requests: what a failure means for the row, the pace and the batch."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from modelwire.errors import (
    AccessDenied,
    AuthenticationError,
    BillingError,
    ConfigError,
    ConnectionFailed,
    ModelwireError,
    NotFound,
    Overloaded,
    PluginError,
    RateLimited,
    RequestTimeout,
    UnknownModel,
)

__all__ = ["FailureOutcome", "outcome_of"]

_MOST_REFUSALS: Final = 30


class FailureOutcome(Enum):
    """What follows from a failure."""

    REFUSED = auto()
    """There were too many requests: the row is sent again, and all requests slow down."""
    OVERLOADED = auto()
    """The service has no capacity or cannot be reached: the same, but the tries are counted."""
    AGAIN = auto()
    """The request failed in a way that may pass."""
    FAILED = auto()
    """The row cannot be answered."""
    STOP = auto()
    """No row can be answered, as without credentials."""
    STOP_FIRST = auto()
    """No row can be answered, unless one was before."""

    def asks_again(self, requests: int, refusals: int, max_attempts: int) -> bool:
        """Whether the row is sent once more.

        Args:
            requests: How often it was sent.
            refusals: How often it was refused.
            max_attempts: The maximum of requests, without those that were refused.
        """
        if self is FailureOutcome.REFUSED:
            return refusals < _MOST_REFUSALS
        return (
            self in (FailureOutcome.OVERLOADED, FailureOutcome.AGAIN)
            and requests - refusals < max_attempts
        )


_OUTCOMES: Final[tuple[tuple[tuple[type[ModelwireError], ...], FailureOutcome], ...]] = (
    ((RateLimited,), FailureOutcome.REFUSED),
    ((Overloaded, RequestTimeout, ConnectionFailed), FailureOutcome.OVERLOADED),
    ((AuthenticationError, BillingError), FailureOutcome.STOP),
    ((ConfigError, PluginError, UnknownModel, NotFound, AccessDenied), FailureOutcome.STOP_FIRST),
)


def outcome_of(error: ModelwireError, *, has_own_model: bool) -> FailureOutcome:
    """What follows from a failure of a row.

    Args:
        error: The failure.
        has_own_model: Whether the row names a model, so that other rows may be answered nevertheless.
    """
    found = next((outcome for kinds, outcome in _OUTCOMES if isinstance(error, kinds)), None)
    if found is None:
        return FailureOutcome.AGAIN if error.retryable else FailureOutcome.FAILED
    return FailureOutcome.FAILED if found is FailureOutcome.STOP_FIRST and has_own_model else found
