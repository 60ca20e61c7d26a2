"""The values of a request's JSON, read by their types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from attrs import define, field

__all__ = ["BadRequest", "Fields"]

_T = TypeVar("_T")


class BadRequest(Exception):
    """A request that cannot be served unchanged.

    Attributes:
        message: The problem and the remedy.
        param: The field of the body, or `None`.
        status: 400, 408, 413 or 415.
    """

    def __init__(self, message: str, *, param: str | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.status = status


@define
class Fields:
    """The fields of a JSON object, each read by its type.

    Attributes:
        data: The object.
        path: Its place in the body, such as `messages[0]`; empty for the body itself.
        used: The fields that were read.
    """

    data: Mapping[str, Any]
    path: str = ""
    used: set[str] = field(factory=set)

    def place(self, name: str) -> str:
        """The path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def error(self, name: str, due: str) -> BadRequest:
        """Make the error for a field with an invalid value."""
        place = self.place(name)
        return BadRequest(f"{place} must be {due}.", param=place)

    def any(self, name: str) -> Any:
        """A field of any type; `None` where it is missing."""
        self.used.add(name)
        return self.data.get(name)

    def _typed(self, name: str, kind: type[_T] | tuple[type[_T], ...], due: str) -> _T | None:
        value = self.data.get(name)
        if value is None:
            return None
        self.used.add(name)
        if isinstance(value, kind) and not isinstance(value, bool):
            return value
        raise self.error(name, due)

    def text(self, name: str) -> str | None:
        """A string, or `None` where it is missing."""
        return self._typed(name, str, "a string")

    def need_text(self, name: str) -> str:
        """A required string."""
        value = self.text(name)
        if value is None:
            raise self.error(name, "a string")
        return value

    def count(self, name: str) -> int | None:
        """A positive integer."""
        value = self._typed(name, int, "a whole number above 0")
        if value is not None and value <= 0:
            raise self.error(name, "a whole number above 0")
        return value

    def number(self, name: str) -> float | None:
        """A number of 0 or more."""
        value = self._typed(name, (int, float), "a number of 0 or more")
        if value is not None and not 0 <= value < float("inf"):
            raise self.error(name, "a number of 0 or more")
        return value

    def flag(self, name: str) -> bool | None:
        """`true` or `false`."""
        value = self.any(name)
        if value is None or isinstance(value, bool):
            return value
        raise self.error(name, "true or false")

    def object(self, name: str) -> Fields | None:
        """An object, with its place."""
        value = self._typed(name, dict, "an object")
        return None if value is None else Fields(value, self.place(name))

    def objects(self, name: str) -> Iterator[Fields]:
        """The objects of a list, each with its place; nothing where the list is missing."""
        for index, item in enumerate(self._typed(name, list, "a list") or ()):
            place = f"{self.place(name)}[{index}]"
            if not isinstance(item, dict):
                msg = f"{place} must be an object."
                raise BadRequest(msg, param=place)
            yield Fields(item, place)

    def texts(self, name: str) -> tuple[str, ...]:
        """A string, or a list of strings."""
        value = self.any(name)
        given = [value] if isinstance(value, str) else value
        if given is None:
            return ()
        if not isinstance(given, list) or not all(isinstance(item, str) for item in given):
            raise self.error(name, "a string or a list of strings")
        return tuple(given)

    def one_of(self, name: str, choices: Mapping[str, _T]) -> _T | None:
        """The value for one of several strings."""
        value = self.text(name)
        if value is None:
            return None
        if value not in choices:
            raise self.error(name, f"one of {', '.join(choices)}")
        return choices[value]

    def rest(self) -> dict[str, Any]:
        """The fields that were not read, without those that are `null`."""
        return {
            name: value
            for name, value in self.data.items()
            if name not in self.used and value is not None
        }
