"""Token counts: estimates, about four characters each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["CHARACTERS", "estimate"]

CHARACTERS = 4
"""How many characters a token has, about."""


def estimate(body: Mapping[str, Any]) -> int:
    """About how many tokens a request has: a quarter of its characters."""
    return max(1, math.ceil(_characters(body) / CHARACTERS))


def _characters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, bytes):
        return len(value) // 16
    if isinstance(value, Mapping):
        return sum(_characters(item) for item in value.values())
    if isinstance(value, list | tuple):
        return sum(_characters(item) for item in value)
    return 1
