"""Converse's dictionaries, which are Strands' messages and events: read into calls, written from events.

The plugin for Bedrock reads and writes Converse for clients of any model; this hands it the dictionaries.
"""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final, cast

import msgspec
from strands.types.content import Messages, SystemContentBlock
from strands.types.streaming import StreamEvent
from strands.types.tools import ToolChoice, ToolSpec

from modelwire.dialects import BadRequest, Dialect, ServedCall, ServedRequest, WireEvent
from modelwire.errors import InvalidMessage
from modelwire.events import DoneEvent, Event, TextDeltaEvent
from modelwire.models import Model
from modelwire.registry import load_dialect
from modelwire_strands.locations import with_s3_locations

__all__ = ["ConverseEvents", "converse", "read_call"]

_API: Final = "bedrock-converse-stream"
_decode = msgspec.json.Decoder().decode
logger = logging.getLogger(__name__)


@cache
def converse() -> Dialect:
    """The dialect of Converse.

    Raises:
        PluginError: No installed plugin has it, or several have.
    """
    return load_dialect(_API)


def read_call(
    model: Model,
    messages: Messages,
    system: Iterable[SystemContentBlock] = (),
    tools: Iterable[ToolSpec] | None = None,
    choice: ToolChoice | None = None,
) -> ServedCall:
    """Read an agent's request to a model; a part that no model gets is logged.

    Args:
        model: The model, whose own the earlier answers are taken for.
        messages: The conversation.
        system: The system prompt.
        tools: The tools.
        choice: Whether one of them has to be called.

    Raises:
        InvalidMessage: The dictionaries are not as Converse has them; the place is named.
    """
    body: dict[str, Any] = {"messages": with_s3_locations(messages), "system": list(system)}
    if tools:
        body["toolConfig"] = {"tools": [{"toolSpec": tool} for tool in tools], "toolChoice": choice}
    try:
        call = converse().read(body, {}, model, "")
    except BadRequest as error:
        raise InvalidMessage(error.message) from error
    for note in call.notes:
        logger.warning("%s: %s", note.path, note.reason)
    return call


class ConverseEvents:
    """Writes the events of one answer as Strands has them.

    Args:
        call: The call that is answered.
        name: The model, as the program names it.
    """

    def __init__(self, call: ServedCall, name: str) -> None:
        self._writer = converse().writer(ServedRequest(call, name, "", int(time.time())))
        self._text: tuple[int, int] | None = None  # the block of the last text, here and there

    def of(self, event: Event) -> Iterable[StreamEvent]:
        """Write one event of modelwire, which may be none or several of Strands."""
        if type(event) is TextDeltaEvent:
            # Text that goes on differs in nothing but the text, and comes by the thousand.
            if self._text is not None and self._text[0] == event.content_index:
                return (_more_text(self._text[1], event.delta),)
            written = [_dictionary(each) for each in self._writer.feed(event)]
            self._text = _place_of_text(event, written)
            return written
        self._text = None
        if isinstance(event, DoneEvent):
            return map(_dictionary, self._writer.end(event.message))
        return map(_dictionary, self._writer.feed(event))


def _more_text(place: int, text: str) -> StreamEvent:
    return {"contentBlockDelta": {"contentBlockIndex": place, "delta": {"text": text}}}


def _place_of_text(event: TextDeltaEvent, written: Sequence[StreamEvent]) -> tuple[int, int] | None:
    """The block of a text here and in Converse; `None` where the text waits for another block."""
    place = written[-1].get("contentBlockDelta", {}).get("contentBlockIndex") if written else None
    if place is None or written[-1] != _more_text(place, event.delta):
        return None
    return event.content_index, place


def _dictionary(event: WireEvent) -> StreamEvent:
    data = _decode(event.data)
    thought = data.get("delta", {}).get("reasoningContent", {})
    if "redactedContent" in thought:
        # A blob, which is base64 in JSON, and bytes in the dictionaries of Python programs.
        thought["redactedContent"] = base64.b64decode(thought["redactedContent"])
    return cast("StreamEvent", {event.name: data})
