"""Redaction of exceptions: their causes, without the texts that failed to decode.

The decoders of the standard library keep their whole input in an attribute of their
errors, and aiohttp the request and parts of the response. That may be a body in which a service repeats
a key, a file that holds one, or a cookie, and crash reporters include attributes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

__all__ = ["chain", "scrub"]

E = TypeVar("E", bound=BaseException)


def chain(error: BaseException) -> Iterator[BaseException]:
    """Iterate an error and its causes and contexts, each once."""
    seen: set[int] = set()
    rest: list[BaseException | None] = [error]
    while rest:
        one = rest.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            rest += [one.__cause__, one.__context__]


def scrub(error: E) -> E:
    """Remove the input texts from an error and its causes and contexts.

    Of a decoder's error that is its input, of an error of aiohttp its data on the request and of
    the bytes of its response. Types, positions and the operating system's messages stay.

    Returns:
        The same error, to be raised from.
    """
    for one in chain(error):
        if isinstance(getattr(one, "doc", None), str | bytes):
            one.doc = ""  # type: ignore[attr-defined] # a `json.JSONDecodeError`
        if isinstance(one, UnicodeError) and hasattr(one, "object"):
            empty = one.object[:0]
            one.args = tuple(empty if part is one.object else part for part in one.args)
            one.object = empty
        if type(one).__module__.partition(".")[0] == "aiohttp":
            _empty(one)
    return error


_NOTED: Mapping[str, Any] = {"_url": "", "hdr": "", "headers": None, "history": (), "line": ""}
"""Attributes of aiohttp's errors that hold request or response data, each with its empty value."""


def _empty(error: Any) -> None:
    """Empty an error of aiohttp, without importing aiohttp: it may not be in use."""
    noted = vars(error)
    # Of a response that was cut the message is the part of its head that came.
    says = "headers" in noted or not isinstance(noted.get("message", ""), str)
    repeats = type(error).__name__ == "ClientPayloadError"  # what the error behind it says
    if says or repeats or "_url" in noted:
        error.args = ()
    if says:
        error.message = ""
    for name in _NOTED.keys() & noted.keys():
        setattr(error, name, _NOTED[name])
    if "request_info" in noted:
        info = error.request_info
        bare = [_bare(url) for url in (info.url, info.real_url)]
        error.request_info = info._replace(url=bare[0], real_url=bare[1], headers={})


def _bare(url: Any) -> Any:
    """A URL without login, query and fragment."""
    return url.with_user(None).with_query(None).with_fragment(None) if url.absolute else url
