"""Errors of modelwire, as those of pydantic-ai, which its fallbacks and retries look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic_ai import exceptions as theirs

from modelwire import errors as ours

__all__ = ["translate_errors"]

_CATEGORIES: tuple[tuple[type[ours.ModelwireError], type[theirs.ModelAPIError]], ...] = (
    (ours.RateLimited, theirs.ModelRateLimitError),
    (ours.BillingError, theirs.ModelQuotaExceededError),
    (ours.Overloaded, theirs.ModelOverloadedError),
    (ours.ServerError, theirs.ModelServerError),
    (ours.RequestTimeout, theirs.ModelTimeoutError),
    (ours.ConnectionFailed, theirs.ModelConnectionError),
    (ours.StreamTruncated, theirs.ModelConnectionError),
    (ours.AuthenticationError, theirs.ModelAuthenticationError),
    (ours.AccessDenied, theirs.ModelAuthenticationError),
    (ours.NotFound, theirs.ModelNotFoundError),
    (ours.ContextOverflow, theirs.ModelContextWindowExceededError),
    (ours.InvalidRequest, theirs.ModelRequestRejectedError),
)
"""The first row that fits says the category."""

_WITHOUT_STATUS = (theirs.ModelTimeoutError, theirs.ModelConnectionError)


@contextmanager
def translate_errors(model: str) -> Iterator[None]:
    """Raise errors of providers as those of pydantic-ai, caused by ours.

    Args:
        model: The model to call, as the program names it.

    Raises:
        ModelAPIError: The provider failed, or its answer broke off; with an HTTP status it is a
            `ModelHTTPError` as well.
    """
    try:
        yield
    except ours.ProviderError as error:
        raise _their_error(error, model) from error


def _their_error(error: ours.ProviderError, model: str) -> theirs.ModelAPIError:
    category: Any = next((each for kind, each in _CATEGORIES if isinstance(error, kind)), None)
    details: dict[str, Any] = {"provider_error_code": error.code, "retry_after": error.retry_after}
    if error.status is not None and error.status >= 400 and category not in _WITHOUT_STATUS:
        return theirs.ModelHTTPError.for_category(
            category, status_code=error.status, model_name=model, body=str(error), **details
        )
    return (category or theirs.ModelAPIError)(model, str(error), **details)
