"""The requests that ended last in this process, for the page."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, Final

from modelwire_gateway.access.caller import Caller
from modelwire_gateway.records import RequestRecord

__all__ = ["RecentRequests", "open_requests"]

_KEPT: Final = 1000
_LONGEST_NAME: Final = 200
"""Characters of a model's name that are shown: a client chooses it."""


class RecentRequests:
    """Keeps what the page shows of the last thousand requests; an observer of requests."""

    def __init__(self) -> None:
        self._ended: deque[dict[str, Any]] = deque(maxlen=_KEPT)

    def __call__(self, record: RequestRecord) -> None:
        """Keep a request that has ended."""
        self._ended.append(_shown(record))

    def newest(self, caller: Caller, most: int) -> list[dict[str, Any]]:
        """The requests of a caller, newest first; those of all callers for an operator."""
        found = [each for each in reversed(self._ended) if _sees(caller, each)]
        return found[:most]


def open_requests(records: Iterable[RequestRecord], caller: Caller) -> list[dict[str, Any]]:
    """The requests of a caller that are open, oldest first; those of all for an operator."""
    found = [_shown(record) for record in list(records)]
    return sorted((each for each in found if _sees(caller, each)), key=lambda each: each["began"])


def _sees(caller: Caller, request: dict[str, Any]) -> bool:
    return caller.operator or request["caller"] == caller.id


def _shown(record: RequestRecord) -> dict[str, Any]:
    """The fields of a request that the page shows."""
    usage = record.usage
    return {
        "id": record.request_id,
        "door": record.door,
        "caller": record.caller,
        "name": _short(record.name),
        "model": _short(record.model),
        "stream": record.stream,
        "status": record.status,
        "failure": record.failure,
        "began": record.began,
        "first_byte": record.first_byte,
        "seconds": record.seconds,
        "input_tokens": None if usage is None else usage.total_tokens - usage.output,
        "output_tokens": None if usage is None else usage.output,
        "cost": record.cost,
    }


def _short(text: str | None) -> str | None:
    if text is None or len(text) <= _LONGEST_NAME:
        return text
    return f"{text[:_LONGEST_NAME]}…"
