"""How long a provider asks to wait."""

from __future__ import annotations

import math
from collections.abc import Mapping

from modelwire.transport.headers import header

__all__ = ["parse_retry_after"]


def parse_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Read how many seconds a response asks to wait before the next try.

    `retry-after-ms` in milliseconds, as some providers send it, wins over `Retry-After` (RFC 9110
    section 10.2.3) in seconds, decimals allowed, or as a date. A time that has passed means 0.

    Args:
        headers: The header fields of the response.
        now: The time at which they arrived, in seconds since the epoch.

    Returns:
        Seconds from `now`, or `None` where nothing intelligible is said.
    """
    milliseconds = _number(header(headers, "retry-after-ms"))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000)
    value = header(headers, "retry-after")
    seconds = _number(value)
    if seconds is None and value:
        moment = _date(value)
        seconds = None if moment is None else moment - now
    return None if seconds is None else max(0.0, seconds)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _date(text: str) -> float | None:
    from datetime import UTC  # needed for one answer in many
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
        # An HTTP date is in GMT, also in the asctime form, which does not say so.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
