"""Token counts, read from services' reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from modelwire.events import Diagnostic, UsageReport
from modelwire.events.validation import UNREADABLE_USAGE
from modelwire.messages import Usage
from modelwire.repair import clean_json

__all__ = ["count_tokens", "report_usage"]

_LARGEST = 2**53
"""The largest count: larger numbers are not exact in JSON, and no answer has as many tokens."""


def count_tokens(counters: Any, key: str) -> int | None:
    """Read a counter of a usage.

    Args:
        counters: The object that holds it, if it is one.
        key: The counter's name.

    Returns:
        The count, or `None` where there is none.

    Raises:
        ValueError: The value cannot be a count: it is not a number, negative, not finite, or beyond
            2**53.
    """
    value = counters.get(key) if isinstance(counters, Mapping) else None
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= _LARGEST:
        msg = f"{key} is not a number of tokens"
        raise ValueError(msg)
    return int(value)


def report_usage(
    usage: Any, read: Callable[[Mapping[str, Any]], Usage]
) -> UsageReport | Diagnostic:
    """Report the usage of an answer; record an invalid one as a diagnostic.

    An answer is not lost because its usage is wrong; but a wrong usage is not counted.

    Args:
        usage: The object that the service sent.
        read: Makes a usage from it; raises `ValueError` for an invalid one, like `count_tokens`.
    """
    reason = "it is not an object"
    if isinstance(usage, Mapping):
        try:
            return UsageReport(read(usage))
        except ValueError as error:
            reason = str(error)
    return Diagnostic(UNREADABLE_USAGE, {"usage": clean_json(usage), "reason": reason})
