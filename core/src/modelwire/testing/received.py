"""What the server on loopback was asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import field, frozen

__all__ = ["ReceivedRequest"]


@frozen
class ReceivedRequest:
    """One HTTP request.

    Attributes:
        method: The HTTP method.
        target: The path, with the query.
        headers: The header fields, names in lower case.
        body: The whole body.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def data(self) -> Any:
        """The body as JSON data, or `None` where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def values(self) -> list[Any]:
        """Every key and every value in the JSON body that is no object or list, in order."""
        return list(_leaves(self.data))

    def says(self, text: str) -> bool:
        """Whether a text stands somewhere in the JSON body, or is a part of one that does."""
        return any(text in value for value in self.values() if isinstance(value, str))

    def holds(self, value: float) -> bool:
        """Whether a number stands somewhere in the JSON body."""
        numbers = (found for found in self.values() if isinstance(found, int | float))
        return any(found == value and not isinstance(found, bool) for found in numbers)


def _leaves(data: Any) -> Iterator[Any]:
    if isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from _leaves(value)
    elif isinstance(data, list):
        for value in data:
            yield from _leaves(value)
    else:
        yield data
