"""Amounts of money as whole nano-dollars, so that sums are exact."""

from __future__ import annotations

from typing import Final

__all__ = ["to_nanodollars", "to_usd"]

_PER_USD: Final = 1_000_000_000


def to_nanodollars(usd: float) -> int:
    """USD as whole billionths, rounded up, so that no answer is free that is not."""
    whole = round(usd * _PER_USD)
    return max(whole, 1) if usd > 0 else whole


def to_usd(nanodollars: int) -> float:
    """Whole billionths as USD."""
    return nanodollars / _PER_USD
