"""Redaction of exceptions: their causes, without the texts that could not be decoded.

The decoders of the standard library keep the whole text that they were given in an attribute of their
errors. It may be a body in which a service repeats a key, or a file that holds one, and programs that
report crashes take attributes along.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

__all__ = ["chain", "scrub"]

E = TypeVar("E", bound=BaseException)


def chain(error: BaseException) -> Iterator[BaseException]:
    """Iterate an error and everything behind it, each once."""
    seen: set[int] = set()
    rest: list[BaseException | None] = [error]
    while rest:
        one = rest.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            rest += [one.__cause__, one.__context__]


def scrub(error: E) -> E:
    """Take out of a decoder's error, and of all behind it, the text that could not be decoded.

    What the error says, and the place that it names, stay.

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
    return error
