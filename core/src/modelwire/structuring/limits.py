"""Limits of JSON data: nesting from outside, and the values and numbers that JSON has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = [
    "MAX_DEPTH",
    "TOO_DEEP",
    "check_depth",
    "cut_deep",
    "finite_numbers",
    "is_deep",
    "is_json_number",
    "is_shallow",
    "not_json",
]

MAX_DEPTH = 128
"""The maximum nesting of objects and arrays.

Deeper data is refused on input. Later steps (copying, writing a session, sending
it back) are recursive, and could reach Python's recursion limit anywhere.
"""

TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"


def is_shallow(text: str | bytes) -> bool:
    """Whether a JSON text has too few brackets to be nested too deep, as most have."""
    if len(text) <= 2 * MAX_DEPTH:
        return True
    if isinstance(text, str):
        return text.count("{") + text.count("[") <= MAX_DEPTH
    return text.count(b"{") + text.count(b"[") <= MAX_DEPTH


def check_depth(text: str | bytes, value: Any) -> None:
    """Check that parsed JSON is not nested too deep; it costs little where the text `is_shallow`.

    Args:
        text: The JSON text.
        value: The data parsed from it.

    Raises:
        ValueError: The data has more than `MAX_DEPTH` levels.
    """
    if not is_shallow(text) and is_deep(value):
        msg = f"it is {TOO_DEEP}"
        raise ValueError(msg)


_CONTAINERS = (dict, list, tuple, set, frozenset, Mapping)
_SCALARS = frozenset({str, int, float, bool, type(None)})
"""The types of most values in JSON data; testing for a `Mapping` takes ten times as long."""


def is_deep(value: Any, levels: int = MAX_DEPTH) -> bool:
    """Whether data has more than some levels; data that contains itself does."""
    if type(value) is dict and levels and _SCALARS.issuperset(map(type, value.values())):
        return False  # as the arguments of most calls
    if type(value) in _SCALARS or not isinstance(value, _CONTAINERS):
        return False
    level: list[Any] = [value]
    for _ in range(levels):
        if not level:
            return False
        level = _containers(inner for outer in level for inner in _items(outer))
    return bool(level)


def cut_deep(value: Any, levels: int = MAX_DEPTH) -> Any:
    """A copy of parsed JSON in which `None` replaces everything below some levels."""
    if isinstance(value, dict):
        if not levels:
            return None
        return {key: cut_deep(item, levels - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [cut_deep(item, levels - 1) for item in value] if levels else None
    return value


def _items(container: Any) -> Iterable[Any]:
    if type(container) is list:
        return container
    return container.values() if isinstance(container, Mapping) else container


def _containers(values: Iterable[Any]) -> list[Any]:
    """The containers among some values, each once, since one may occur in many places."""
    found = {
        id(value): value
        for value in values
        if type(value) not in _SCALARS and isinstance(value, _CONTAINERS)
    }
    return list(found.values())


_MOST_BITS = 2048
"""More digits than a float has. Python refuses to write integers of about seven times as many."""


def is_json_number(value: float) -> bool:
    """Whether a number can be written as JSON: it is finite, and not of thousands of digits."""
    return value.bit_length() <= _MOST_BITS if isinstance(value, int) else math.isfinite(value)


def finite_numbers(value: Any) -> Any:
    """A copy of JSON data in which `None` replaces each number that JSON does not have."""
    if isinstance(value, dict):
        return {key: finite_numbers(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite_numbers(item) for item in value]
    if isinstance(value, int | float) and not is_json_number(value):
        return None
    return value


def not_json(value: Any, place: str) -> tuple[str, Any] | None:
    """Find the first value in data that JSON does not have.

    Args:
        value: The data; not `is_deep`.
        place: The path of the data.

    Returns:
        The path of the value and the value, or `None` where everything is JSON. A key that is not a
        string is reported at its object.
    """
    if value is None or isinstance(value, str | bool):
        return None
    if isinstance(value, int | float):
        return None if is_json_number(value) else (place, value)
    if isinstance(value, Mapping):
        for key, item in value.items():
            found = (
                not_json(item, f"{place}.{key}")
                if isinstance(key, str)
                else (f"{place} (a key)", key)
            )
            if found is not None:
                return found
        return None
    if not isinstance(value, list | tuple):
        return place, value
    places = (not_json(item, f"{place}[{index}]") for index, item in enumerate(value))
    return next((found for found in places if found is not None), None)
