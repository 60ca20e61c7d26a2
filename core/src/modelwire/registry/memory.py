"""The memory of answers that each request asks for again, bounded."""

from __future__ import annotations

from typing import TypeVar

__all__ = ["keep"]

K = TypeVar("K")
V = TypeVar("V")

_MOST = 1024
"""Answers that are kept in one place; users of a server may write names without end."""


def keep(known: dict[K, V], key: K, value: V) -> V:
    """Keep a value under its key, and return it; beyond the bound all others are forgotten."""
    if len(known) >= _MOST:
        known.clear()
    known[key] = value
    return value
