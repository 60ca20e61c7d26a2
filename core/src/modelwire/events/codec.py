"""The JSON codec of events, with the names that pi-ai uses.

pi-ai also repeats the whole message so far as `partial` in every event. That makes a stream's size
grow quadratically, so it is left out here; `done` and `error` carry the message.
"""

from __future__ import annotations

from functools import cache
from typing import Any, cast

from modelwire.errors import InvalidMessage
from modelwire.events.events import (
    CitationEvent,
    DoneEvent,
    ErrorEvent,
    Event,
    StartEvent,
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
from modelwire.messages import AssistantMessage
from modelwire.messages.codec import check_depth, read_through, read_union, write_tags
from modelwire.messages.codec import converter as message_converter
from modelwire.messages.depth import deep_parts
from modelwire.structuring import Converter, is_deep, problems_of

__all__ = ["event_from_json", "event_to_json"]

_TYPES: dict[str, type] = {
    "start": StartEvent,
    "text_start": TextStartEvent,
    "text_delta": TextDeltaEvent,
    "text_citation": CitationEvent,
    "text_end": TextEndEvent,
    "thinking_start": ThinkingStartEvent,
    "thinking_delta": ThinkingDeltaEvent,
    "thinking_end": ThinkingEndEvent,
    "toolcall_start": ToolCallStartEvent,
    "toolcall_delta": ToolCallDeltaEvent,
    "toolcall_end": ToolCallEndEvent,
    "done": DoneEvent,
    "error": ErrorEvent,
}
_AnyEvent = Event | ErrorEvent


def event_to_json(event: Event | ErrorEvent) -> dict[str, Any]:
    """Write an event as plain JSON data.

    Raises:
        InvalidMessage: Data in it is nested too deep; `problems` names each place.
    """
    _check_depth(event)
    return cast("dict[str, Any]", _converter().unstructure(event))


def event_from_json(data: object) -> Event | ErrorEvent:
    """Read an event from plain JSON data; a `partial` message in it is ignored.

    Raises:
        InvalidMessage: It is not a well-formed event; every problem is listed.
    """
    try:
        event = cast("Event | ErrorEvent", _converter().structure(data, cast("Any", _AnyEvent)))
    except Exception as error:
        message = "This is not a valid event."
        raise InvalidMessage(message, problems=problems_of(error)) from error
    _check_depth(event)
    return event


def _check_depth(event: Event | ErrorEvent) -> None:
    for name, held in (
        ("message", getattr(event, "message", None)),
        ("error", getattr(event, "error", None)),
    ):
        if isinstance(held, AssistantMessage):
            check_depth((f"{name}.{part}" for part in deep_parts(held)), "event")
    if isinstance(event, ToolCallEndEvent) and is_deep(event.tool_call.arguments):
        check_depth(["toolCall.arguments"], "event")


def _from_partial(data: dict[str, Any]) -> dict[str, Any]:
    """In pi-ai's own event, the model is only in the partial message."""
    partial = data.get("partial")
    if isinstance(partial, dict):
        data = {"provider": partial.get("provider"), "model": partial.get("model"), **data}
    return data


def _from_partial_call(data: dict[str, Any]) -> dict[str, Any]:
    """In pi-ai's own event, the tool is only in the partial message."""
    try:
        call = data["partial"]["content"][data["contentIndex"]]
        return {"id": call["id"], "name": call["name"], **data}
    except (LookupError, TypeError):
        return data


@cache
def _converter() -> Converter:
    made = message_converter().copy()
    read_through(made, StartEvent, _from_partial)
    read_through(made, ToolCallStartEvent, _from_partial_call)
    write_tags(made, "type", _TYPES)
    read_union(made, _AnyEvent, "type", _TYPES)
    return made
