"""Failures of Acme as typed errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelwire.errors import ProviderError, ServerError
from modelwire.transport import error_from_status, explain_body

__all__ = ["error_in_stream", "error_of_response", "reports_failure"]


def error_of_response(
    status: int, headers: Mapping[str, str], body: bytes, *, provider: str, model: str | None
) -> ProviderError:
    """Make the error of an HTTP response that is not a success."""
    said = explain_body(body, headers.get("content-type"))
    return error_from_status(status, said, headers=headers, provider=provider, model=model)


def error_in_stream(
    payload: Any, *, provider: str, model: str | None, request_id: str | None
) -> ProviderError:
    """Make the error that an event of the stream reports."""
    said = payload.get("message") if isinstance(payload, dict) else payload
    return ServerError(str(said), provider=provider, model=model, request_id=request_id)


def reports_failure(name: str, data: Any) -> bool:
    """Whether an event reports a failure, by its name and its data."""
    return name == "error" or (isinstance(data, dict) and data.get("type") == "error")
