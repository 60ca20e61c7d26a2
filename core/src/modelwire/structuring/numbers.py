"""Numbers of JSON data."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["finite_numbers", "is_json_number"]

_MOST_BITS = 2048
"""More than a float has. Python refuses to write integers of about seven times as many."""


def is_json_number(value: float) -> bool:
    """Whether a number can be written as JSON: it is finite, and not of thousands of digits."""
    return value.bit_length() <= _MOST_BITS if isinstance(value, int) else math.isfinite(value)


def finite_numbers(value: Any) -> Any:
    """A copy of JSON data in which `None` stands for each number that JSON does not have."""
    if isinstance(value, dict):
        return {key: finite_numbers(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite_numbers(item) for item in value]
    if isinstance(value, int | float) and not is_json_number(value):
        return None
    return value
