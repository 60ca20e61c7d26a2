"""Reading header fields whose names may come in any case."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["header", "request_id"]

_REQUEST_IDS = ("x-amzn-requestid", "x-request-id", "request-id")


def header(headers: Mapping[str, str], name: str) -> str | None:
    """Find a header field by its name in any case, also in a mapping that does not fold case."""
    value = headers.get(name)
    if value is not None:
        return value
    name = name.lower()
    return next((value for key, value in headers.items() if key.lower() == name), None)


def request_id(headers: Mapping[str, str]) -> str | None:
    """Find the provider's id of a request in the headers of its response."""
    return next((value for name in _REQUEST_IDS if (value := header(headers, name))), None)
