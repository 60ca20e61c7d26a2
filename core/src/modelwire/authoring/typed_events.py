"""Typed events: the events of a stream that come by the thousand, decoded to what is read of them.

To decode all members of an event takes several times as long as to decode the one that is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar, final

from attrs import frozen
from msgspec import DecodeError, Struct

from modelwire.authoring.json_text import parse_json
from modelwire.errors import MalformedResponse
from modelwire.redaction import scrub
from modelwire.structuring import MAX_DEPTH
from modelwire.transport.sse import RawEvent

__all__ = ["OrdinaryEvent", "TypedDecoder", "TypedEvent", "TypedEvents"]

T = TypeVar("T")

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


@final
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

    def read(
        self,
        found: Iterable[RawEvent],
        events: list[Any],
        otherwise: Callable[[str, bytes, list[Any]], bool],
    ) -> None:
        """Decode events of a stream; append those that are among the typed events.

        Args:
            found: The events.
            events: The decoded ones.
            otherwise: Takes the name and the data of any other event, and the list, and returns whether
                it is the last event.
        """
        mark, decode, misses = self._mark, self._decode, self._misses
        try:
            for name, raw, _, _ in found:
                if mark in raw and name != "error" and misses < _MOST_MISSES:
                    try:
                        typed = decode(raw)
                    except (DecodeError, UnicodeError, RecursionError):
                        misses += 1
                    else:
                        misses = 0
                        # As `is_shallow` does, whose call would take twice as long.
                        if raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH:
                            events.append(TypedEvent(name, typed, raw))
                            continue
                if otherwise(name, raw, events):
                    return
        finally:
            self._misses = misses
