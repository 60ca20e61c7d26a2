"""HTTP requests, and the reading of header fields."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

__all__ = ["Request", "header", "request_id"]


@frozen
class Request:
    """An HTTP request, finished and perhaps signed: it goes out as it is given.

    The headers and the body stay out of the `repr`, and so does what a URL may hide.

    Attributes:
        method: The HTTP method.
        url: An absolute `http` or `https` URL. A URL in ASCII is sent byte for byte, since a
            signature covers it; any other is percent-encoded first.
        headers: Header fields. What HTTP needs (`Host`, `Content-Length`) is added, and where they
            are not given `Accept-Encoding: identity`, since a compressed stream arrives in bursts,
            and a `User-Agent`, which RFC 9110 section 10.1.5 asks for.
        body: The whole body, or `None`.
    """

    method: str
    url: str = field(repr=lambda url: repr(url.partition("?")[0].rpartition("@")[2]))
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


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
