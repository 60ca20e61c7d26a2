"""Durations and moments in short notation: `90s`, `12h`, `30d`, `2027-01-31`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

__all__ = ["read_duration", "read_moment"]

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_FORM: Final = re.compile(r"(\d{1,6})\s*([smhdw])")


def read_duration(text: str) -> float:
    """Read a duration, in seconds.

    Raises:
        ValueError: It is not a duration.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        msg = f"{text!r} is not a duration such as 90s, 15m, 12h, 30d or 4w."
        raise ValueError(msg)
    return float(int(found[1]) * _UNITS[found[2]])


def read_moment(text: str, now: float) -> float:
    """Read a date, a date with a time, or a duration from now; in seconds since 1970.

    A date is the midnight of UTC with which it begins; a time without an offset is UTC.

    Raises:
        ValueError: It is neither, or not in the future.
    """
    if _FORM.fullmatch(text.strip()):
        moment = now + read_duration(text)
    else:
        try:
            given = datetime.fromisoformat(text.strip())
        except ValueError:
            msg = f"{text!r} is neither a date such as 2027-01-31 nor a duration such as 30d."
            raise ValueError(msg) from None
        moment = (given if given.tzinfo else given.replace(tzinfo=UTC)).timestamp()
    if moment <= now:
        msg = f"{text!r} is not in the future."
        raise ValueError(msg)
    return moment
