"""Typed events: the events of a stream that come by the thousand, decoded to what is read of them.

To decode all members of an event takes several times as long as to decode the one that is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from attrs import frozen
from msgspec import DecodeError, Struct

from modelwire.authoring.json_text import parse_json
from modelwire.errors import MalformedResponse
from modelwire.redaction import scrub
from modelwire.structuring import MAX_DEPTH, is_shallow

__all__ = ["OrdinaryEvent", "TypedDecoder", "TypedEvent", "TypedEvents"]

T = TypeVar("T")

_SHORT = 2 * MAX_DEPTH
"""Bytes of JSON that cannot be nested too deep: each level takes two brackets."""

_MOST_MISSES = 20
"""Events in a row that have the mark and another form; then decoding is not tried any more."""


class OrdinaryEvent(Struct, gc=False, kw_only=True):
    """The base of a typed event: it does not decode an event that may report a failure.

    These are the members that `reports_failure` looks at, but for `type` and `object`, which the
    event of an API narrows itself.
    """

    error: None = None
    base_resp: None = None
    message: None = None
    msg: None = None
    detail: None = None
    error_description: None = None
    error_msg: None = None
    errors: None = None


class TypedEvent(Struct, Generic[T], frozen=True, gc=False):
    """One event of an answer, as decoded by `TypedEvents`.

    Attributes:
        name: The event's type, as in `JsonEvent`.
        typed: What is read of it.
        raw: Its JSON text.
    """

    name: str
    typed: T
    raw: bytes

    def parsed(self) -> dict[str, Any]:
        """All members of the event.

        Raises:
            MalformedResponse: A member that was not decoded is not valid JSON.
        """
        try:
            data: dict[str, Any] = parse_json(self.raw.decode("utf-8", "replace"))
        except ValueError as error:
            raise MalformedResponse("An event of the stream is not valid JSON.") from scrub(error)
        return data


@frozen
class TypedEvents(Generic[T]):
    """The typed events of an API; any other event becomes a `JsonEvent`.

    Attributes:
        mark: Bytes that nearly all of these events have, and few others. Only events with it are
            decoded.
        decode: Decodes the JSON text of an event. It has to refuse, with `msgspec.DecodeError`, an
            event that says more than what is decoded, as a subclass of `OrdinaryEvent` does.
    """

    mark: bytes
    decode: Callable[[bytes], T]


class TypedDecoder:
    """Decodes the typed events of one answer.

    Args:
        events: The typed events of the API.
    """

    def __init__(self, events: TypedEvents[Any]) -> None:
        self._mark = events.mark
        self._decode = events.decode
        self._misses = 0

    def read(self, name: str, raw: bytes) -> TypedEvent[Any] | None:
        """Decode an event; `None` for one that is not among the typed events."""
        if self._mark not in raw or name == "error" or self._misses == _MOST_MISSES:
            return None
        try:
            event = TypedEvent(name, self._decode(raw), raw)
        except (DecodeError, UnicodeError, RecursionError):
            self._misses += 1
            return None
        self._misses = 0
        return event if len(raw) <= _SHORT or is_shallow(raw) else None
