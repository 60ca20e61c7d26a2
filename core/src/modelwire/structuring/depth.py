"""The limit on how deep JSON from outside may be nested."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["MAX_DEPTH", "check_depth", "is_shallow"]

MAX_DEPTH = 128
"""Levels of objects and arrays within each other.

Deeper data is refused where it comes in. What handles it later (copying, writing a session, sending
it back) goes down level by level, and would meet Python's limit on recursion anywhere.
"""


def is_shallow(text: str | bytes) -> bool:
    """Whether few brackets show that a JSON text cannot be nested too deep, as nearly all do."""
    if len(text) <= 2 * MAX_DEPTH:
        return True
    if isinstance(text, str):
        return text.count("{") + text.count("[") <= MAX_DEPTH
    return text.count(b"{") + text.count(b"[") <= MAX_DEPTH


def check_depth(text: str | bytes, value: Any) -> None:
    """Check that parsed JSON is not nested too deep; it costs little where the text `is_shallow`.

    Args:
        text: The JSON text.
        value: The data that was parsed from it.

    Raises:
        ValueError: The data has more than `MAX_DEPTH` levels.
    """
    if is_shallow(text):
        return
    level = _containers([value])
    for _ in range(MAX_DEPTH):
        if not level:
            return
        level = [inner for outer in level for inner in _containers(_items(outer))]
    if level:
        msg = f"it is nested deeper than {MAX_DEPTH} levels"
        raise ValueError(msg)


def _items(container: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return container.values() if isinstance(container, dict) else container


def _containers(values: Iterable[Any]) -> list[dict[str, Any] | list[Any]]:
    return [value for value in values if isinstance(value, dict | list)]
