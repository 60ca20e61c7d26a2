"""Failures in the form of Amazon Bedrock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from modelwire.dialects import Failure, FailureKind, FailureReport, WireEvent

__all__ = ["aws_error", "aws_exception", "aws_headers"]

_WORDS: Final[Mapping[FailureKind, tuple[int, str]]] = {
    "invalid_request": (400, "ValidationException"),
    "context_overflow": (400, "ValidationException"),
    "content_filtered": (400, "ValidationException"),
    "too_large": (413, "ValidationException"),
    "slow_request": (408, "RequestTimeoutException"),
    "unauthorized": (403, "UnrecognizedClientException"),
    "not_allowed": (403, "AccessDeniedException"),
    "model_not_allowed": (403, "AccessDeniedException"),
    "price_unknown": (403, "AccessDeniedException"),
    "not_found": (404, "UnknownOperationException"),
    "model_not_found": (404, "ResourceNotFoundException"),
    "rate_limited": (429, "ThrottlingException"),
    "budget_used_up": (429, "ThrottlingException"),
    "billing": (400, "ServiceQuotaExceededException"),
    "overloaded": (503, "ServiceUnavailableException"),
    "timeout": (408, "ModelTimeoutException"),
    "upstream": (500, "InternalServerException"),
    "unavailable": (503, "ServiceUnavailableException"),
    "internal": (500, "InternalServerException"),
}
"""Status and name of each kind. A service has no status for a failed upstream."""

_OF_HTTP: Final = frozenset({405, 415, 421})
"""Statuses for requests that are none of the API's; the API has no other for them."""

_IN_STREAMS: Final = frozenset({
    "InternalServerException", "ServiceUnavailableException", "ThrottlingException",
    "ValidationException",
})  # fmt: skip
"""Exception names that frames can have; `ModelStreamErrorException` covers all others."""


def aws_error(failure: Failure) -> FailureReport:
    """A failure as an answer."""
    status, name = _WORDS[failure.kind]
    if failure.status in _OF_HTTP:
        status = failure.status
    return FailureReport(status, {"message": failure.message}, {"x-amzn-errortype": name})


def aws_exception(failure: Failure) -> WireEvent:
    """A failure as the last event of a stream."""
    _, name = _WORDS[failure.kind]
    name = name if name in _IN_STREAMS else "ModelStreamErrorException"
    payload = msgspec.json.encode({"message": failure.message})
    return WireEvent(name[0].lower() + name[1:], payload)


def aws_headers(request_id: str) -> dict[str, str]:
    """The header fields that every answer has."""
    return {"x-amzn-requestid": request_id}
