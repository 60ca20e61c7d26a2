"""Periods of budgets: days and months of UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from attrs import frozen

__all__ = ["Period"]

_DAY: Final = 86_400
"""Seconds."""


@frozen
class Period:
    """The day and the month of UTC in which a moment lies.

    Attributes:
        day: The day, as `2026-11-29`.
        month: The month, as `2026-11`.
    """

    day: str
    month: str

    @classmethod
    def at(cls, seconds: float) -> Period:
        """The period of a moment, in seconds since 1970."""
        return _of_day(int(seconds // _DAY))

    def seconds_of_day_left(self, seconds: float) -> float:
        """Seconds from a moment of this day to the next one."""
        start = datetime.fromisoformat(self.day).replace(tzinfo=UTC)
        return (start + timedelta(days=1)).timestamp() - seconds

    def seconds_of_month_left(self, seconds: float) -> float:
        """Seconds from a moment of this month to the next one."""
        first = datetime.fromisoformat(f"{self.month}-01").replace(tzinfo=UTC)
        following = (first + timedelta(days=32)).replace(day=1)
        return following.timestamp() - seconds


@lru_cache(maxsize=16)
def _of_day(number: int) -> Period:
    """The period of a day, counted from 1970."""
    day = datetime.fromtimestamp(number * _DAY, UTC).date().isoformat()
    return Period(day, day[:7])
