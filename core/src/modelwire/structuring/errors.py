"""Mistakes in the values of a document, and the display of values."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["ValueMistake", "describe"]

_NOTHING = object()
_MOST_BITS = 1024


class ValueMistake(ValueError):
    """A value that does not fit the document's schema.

    Its text has both parts; they are also separate, for callers that must not show the value.

    Attributes:
        expected: The valid values, in words.
        found: The value, if the message should name it.
    """

    def __init__(self, expected: str, found: Any = _NOTHING) -> None:
        super().__init__(expected)
        self.expected = expected
        self.found = found

    def __str__(self) -> str:
        return self.tell(describe)

    def tell(self, show: Callable[[Any], str]) -> str:
        """The message, with the value shown in another way."""
        if self.found is _NOTHING:
            return self.expected
        separator = "; " if "," in self.expected else ", "
        return f"{self.expected}{separator}found {show(self.found)}"


def describe(value: object) -> str:
    """The display of a value in an error: as JSON, shortened; of an object or list its kind."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, int) and value.bit_length() > _MOST_BITS:
        return "a number of hundreds of digits"  # Python may refuse to write it
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
