"""HTTP requests, and the reading of header fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from attrs import field, frozen

from modelwire.redaction import redact, shown_url

__all__ = ["Request", "clean_headers", "header", "merge_headers", "request_id_in"]


@frozen
class Request:
    """An HTTP request, finished and perhaps signed: it is sent unchanged.

    The `repr` leaves out the headers, the body, and parts of the URL that may be secret.

    Attributes:
        method: The HTTP method.
        url: An absolute `http` or `https` URL. A URL in ASCII is sent byte for byte, since a
            signature covers it; any other is percent-encoded first.
        headers: Header fields. Required fields (`Host`, `Content-Length`) are added, and where they
            are not given `Accept-Encoding: identity`, since a compressed stream arrives in bursts,
            and a `User-Agent`, which RFC 9110 section 10.1.5 recommends.
        body: The whole body, or `None`.
        public_headers: Names, in lower case, of the service's own header fields that never hold a
            secret, in the request or in its response. Logs, dry runs and recordings show them. Of a
            request they hide all others but `Accept`, `Accept-Encoding`, `Content-Type` and
            `User-Agent`.
        request_id_headers: Names of header fields of the response in which the service may name the
            request, to be looked for before `x-request-id` and `request-id`.
    """

    method: str
    url: str = field(repr=lambda url: repr(shown_url(url).partition("?")[0]))
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    public_headers: frozenset[str] = field(default=frozenset(), repr=False)
    request_id_headers: tuple[str, ...] = field(default=(), repr=False)


_REQUEST_IDS = ("x-request-id", "request-id")
_LONGEST_ID = 200


def header(headers: Mapping[str, str], name: str) -> str | None:
    """Find a header field by its name in any case, also in a mapping that does not fold case."""
    value = headers.get(name)
    if value is not None:
        return value
    name = name.lower()
    return next((value for key, value in headers.items() if key.lower() == name), None)


def merge_headers(under: Mapping[str, str], over: Mapping[str, str]) -> dict[str, str]:
    """Header fields, overridden by others; names are case-insensitive."""
    if not (under and over):
        return {**under, **over}
    named = {name.lower() for name in over}
    return {**{k: v for k, v in under.items() if k.lower() not in named}, **over}


def request_id_in(headers: Mapping[str, str], names: Sequence[str] = ()) -> str | None:
    """Find the provider's id of a request in the headers of its response.

    Args:
        headers: The header fields of the response.
        names: Where this service names it, before `x-request-id` and `request-id`.

    Returns:
        The id, of which no more than 200 characters are kept; `None` where there is none.
    """
    every = (*names, *_REQUEST_IDS)
    found = next((value for name in every if (value := header(headers, name))), None)
    return found[:_LONGEST_ID] if found else None


def clean_headers(headers: Mapping[str, str], secrets: Collection[str]) -> Mapping[str, str]:
    """The header fields of a response, safe for display and storage.

    Secrets of the request that the service repeats are hidden. Control characters, which RFC 9110
    section 5.5 forbids and which could control a terminal, are escaped.

    Args:
        headers: The header fields as they came.
        secrets: The secrets of the request.

    Returns:
        The same mapping where there is nothing to change.
    """
    everything = "\n".join(headers.values())
    if everything.replace("\n", "").isprintable() and redact(everything, secrets) == everything:
        return headers
    from multidict import CIMultiDict

    return CIMultiDict((name, _escaped(redact(value, secrets))) for name, value in headers.items())


def _escaped(value: str) -> str:
    return "".join(
        char
        if char.isprintable() or char == "\t"
        else char.encode("unicode_escape").decode("ascii")
        for char in value
    )
