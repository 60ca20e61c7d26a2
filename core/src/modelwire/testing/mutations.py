"""Wrong values in JSON data, for services that violate the types of their protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["WRONG_VALUES", "with_wrong_value"]

WRONG_VALUES: Mapping[str, Any] = {
    "null": None,
    "true": True,
    "1.5": 1.5,
    "a text": "x",
    "a list": [5],
    "an object": {"a": 5},
}
"""A value of every JSON type, by name."""


def with_wrong_value(data: Any, value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Replace each value in JSON data in turn.

    Args:
        data: The data, which is not changed. Text and numbers by themselves have no places.
        value: The replacement.
        place: The place of the data, a prefix of the places in it.

    Returns:
        The places, each with a copy of the data that has the value there.
    """
    if isinstance(data, Mapping):
        items = [(f"{place}.{key}".lstrip("."), key, item) for key, item in data.items()]
    elif isinstance(data, list):
        items = [(f"{place}[{index}]", index, item) for index, item in enumerate(data)]
    else:
        return
    for inner_place, key, item in items:
        yield inner_place, _replaced(data, key, value)
        for where, changed in with_wrong_value(item, value, inner_place):
            yield where, _replaced(data, key, changed)


def _replaced(data: Any, key: Any, value: Any) -> Any:
    changed = list(data) if isinstance(data, list) else dict(data)
    changed[key] = value
    return changed
