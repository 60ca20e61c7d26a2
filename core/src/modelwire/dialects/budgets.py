"""Levels of reasoning for budgets of tokens."""

from __future__ import annotations

from typing import Final

from modelwire.models import ReasoningLevel

__all__ = ["level_of_budget"]

_LEVELS: Final[tuple[tuple[int, ReasoningLevel], ...]] = (
    (1024, "minimal"),
    (4096, "low"),
    (12_000, "medium"),
    (20_000, "high"),
    (28_000, "xhigh"),
)
"""The maximum thinking budget of each level; above the last it is `max`."""


def level_of_budget(tokens: int) -> ReasoningLevel:
    """The level of reasoning that a budget of tokens corresponds to."""
    return next((level for most, level in _LEVELS if tokens <= most), "max")
