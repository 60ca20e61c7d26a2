"""The blocks of an answer one after another, for APIs that never have two open at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from modelwire.events import (
    CitationEvent,
    Event,
    TextDeltaEvent,
    TextEndEvent,
    TextStartEvent,
    ThinkingDeltaEvent,
    ThinkingEndEvent,
    ThinkingStartEvent,
    ToolCallDeltaEvent,
    ToolCallEndEvent,
    ToolCallStartEvent,
)
from modelwire.messages import ToolCall

__all__ = ["BlockOrder"]

_Start = TextStartEvent | ThinkingStartEvent | ToolCallStartEvent
_Delta = TextDeltaEvent | ThinkingDeltaEvent | ToolCallDeltaEvent | CitationEvent
_End = TextEndEvent | ThinkingEndEvent | ToolCallEndEvent
_decode: Final = msgspec.json.Decoder().decode


class BlockOrder:
    """The order of blocks in one answer: the events of a block, then those of the next one.

    The tool calls of a message end together, when all of them are known to be valid, and a service
    may send parts of several calls in turn. Clients of some APIs take a block that begins for the end
    of the one before, so that they would lose all calls but the last one. Here a call ends when its
    arguments are a whole JSON object and another block begins; else the other block waits for it.

    Attributes:
        is_plain: Whether a piece of text that comes now is next, so that it need not be fed.
    """

    def __init__(self) -> None:
        self.is_plain = True
        self._open: _Start | None = None
        self._arguments: list[str] = []
        self._ended: set[int] = set()
        self._waiting: list[Event] = []

    def feed(self, event: Event) -> Sequence[Event]:
        """The events that are next, now that another one has come."""
        is_next = self.is_plain and type(event) is TextDeltaEvent
        if is_next or not isinstance(event, _Delta | _Start | _End):
            return (event,)
        index = event.content_index
        if index in self._ended:
            return ()
        if self._open is None:
            if isinstance(event, _Start):
                self._open, self._arguments = event, []
            return (event,)
        if index == self._open.content_index:
            return self._of_open(event)
        ended = None if self._waiting else self._whole_call()
        if ended is None:
            self._waiting.append(event)
            self.is_plain = False
            return ()
        self._ended.add(ended.content_index)
        self.is_plain = False
        self._open = None
        return (ended, *self.feed(event))

    def _of_open(self, event: _Start | _Delta | _End) -> Sequence[Event]:
        if isinstance(event, ToolCallDeltaEvent):
            self._arguments.append(event.delta)
        elif isinstance(event, _End):
            self._open = None
            waiting, self._waiting = self._waiting, []
            self.is_plain = not self._ended
            return (event, *(ready for waited in waiting for ready in self.feed(waited)))
        return (event,)

    def _whole_call(self) -> ToolCallEndEvent | None:
        """The end of the open call, if its arguments are whole."""
        if not isinstance(self._open, ToolCallStartEvent):
            return None
        try:
            arguments: Any = _decode("".join(self._arguments))
        except ValueError:
            return None
        if not isinstance(arguments, dict):
            return None
        call = ToolCall(self._open.id, self._open.name, arguments)
        return ToolCallEndEvent(self._open.content_index, call)
