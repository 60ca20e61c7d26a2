"""Ids of tool calls that are unique for a whole run."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import evolve

from modelwire.events import Event, ToolCallEndEvent, ToolCallStartEvent
from modelwire.messages import AssistantMessage, ToolCall

__all__ = ["AnswerIds", "CallIds"]

_KEPT = 10_000
"""Ids that are remembered. One that a service counts up is given again long before so many others."""


class CallIds:
    """The ids that the calls of a provider's models have had.

    The runner takes a second call with an id for a repetition of the first. Services that make random
    ids keep to that, and their ids are kept; some count from 0 in each answer.
    """

    def __init__(self) -> None:
        self._given: OrderedDict[str, None] = OrderedDict()

    def answer(self, items: str | Iterable[Mapping[str, Any]]) -> AnswerIds:
        """The ids of one answer.

        Args:
            items: The input of the request, which may come from a run of another process.
        """
        known = () if isinstance(items, str) else items
        return AnswerIds(self, {item["call_id"] for item in known if item.get("call_id")})

    def unique(self, call_id: str, known: set[str]) -> str:
        """The id of a call: as the service gave it, or a random one where it was given before."""
        used = not call_id or call_id in known or call_id in self._given
        self._given[call_id] = None
        self._given.move_to_end(call_id)
        while len(self._given) > _KEPT:
            self._given.popitem(last=False)
        return f"call_{secrets.token_hex(12)}" if used else call_id


class AnswerIds:
    """The ids of the calls of one answer."""

    def __init__(self, ids: CallIds, known: set[str]) -> None:
        self._ids = ids
        self._known = known
        self._begun: dict[int, str] = {}

    def event(self, event: Event) -> Event:
        """An event of a stream, with the unique id of its call."""
        if isinstance(event, ToolCallStartEvent):
            call_id = self._ids.unique(event.id, self._known)
            self._begun[event.content_index] = call_id
            return evolve(event, id=call_id)
        if isinstance(event, ToolCallEndEvent):
            call = evolve(event.tool_call, id=self._begun[event.content_index])
            return evolve(event, tool_call=call)
        return event

    def message(self, message: AssistantMessage) -> AssistantMessage:
        """A whole answer, with the unique ids of its calls."""
        content = [
            evolve(block, id=self._ids.unique(block.id, self._known))
            if isinstance(block, ToolCall)
            else block
            for block in message.content
        ]
        return evolve(message, content=content)
