"""The history as items: every call answered, every answer called for.

The API refuses a call without its output and an output without its call. A session that holds one
would be refused for ever, so it is repaired here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from attrs import define, field

from modelwire.messages import (
    AssistantMessage,
    Message,
    StopReason,
    ToolResultMessage,
    UserMessage,
)
from modelwire_openai.responses.answering import missing_result, result_item, say, user_item
from modelwire_openai.responses.conversing import Conversing
from modelwire_openai.responses.speaking import speak

__all__ = ["items_of"]

_FAILED = frozenset({StopReason.ERROR, StopReason.ABORTED})


def items_of(messages: Sequence[Message], to: Conversing) -> list[dict[str, Any]]:
    """Write a history as items, and repair it.

    Raises:
        InvalidMessage: An image is of a kind that the API does not take.
    """
    history = _History(to)
    for index, message in enumerate(messages):
        path = f"messages[{index}]"
        if isinstance(message, AssistantMessage):
            history.assistant(message, path)
        elif isinstance(message, ToolResultMessage):
            history.result(message, path)
        else:
            history.user(message, path)
    history.close()
    return history.items


@define
class _History:
    """Reads the messages in order.

    Attributes:
        to: The model that is spoken to.
        items: The items so far.
        open: Calls that wait for their result, by the id that the caller knows.
        given_up: Ids of calls in a message that was dropped.
        said: What the user said since the assistant's last turn; it stands after the results.
    """

    to: Conversing
    items: list[dict[str, Any]] = field(factory=list)
    open: dict[str, deque[tuple[str, str]]] = field(factory=dict)
    given_up: set[str] = field(factory=set)
    said: list[dict[str, Any]] = field(factory=list)

    def assistant(self, message: AssistantMessage, path: str) -> None:
        if message.stop_reason in _FAILED:
            self.to.changes.dropped(
                path, "The answer failed or was stopped; it is not repeated to the model."
            )
            self.given_up |= {call.id for call in message.tool_calls}
            return
        spoken = speak(message, path, self.to)
        if not spoken.items:
            self.to.changes.dropped(path, "Nothing is left of this message.")
            return
        self.close()
        self.items += spoken.items
        self.given_up.clear()
        for wire_id, call, place in spoken.calls:
            self.open.setdefault(call.id, deque()).append((wire_id, place))

    def user(self, message: UserMessage, path: str) -> None:
        parts = say(message.content, path, self.to)
        if parts:
            self.said.append(user_item(parts))
        else:
            self.to.changes.dropped(path, "Nothing is left of this message.")

    def result(self, message: ToolResultMessage, path: str) -> None:
        waiting = self.open.get(message.tool_call_id)
        if message.tool_call_id in self.given_up:
            self.to.changes.dropped(path, "The answer that called for this result was dropped.")
        elif not waiting:
            self.to.changes.dropped(path, "No call before it waits for this result.")
        else:
            wire_id, _ = waiting.popleft()
            if self.said:
                self.to.changes.note("moved", path, "A result stands before what the user says.")
            self.items.append(result_item(message, wire_id, path, self.to))

    def close(self) -> None:
        """End the user's turn: answer what is still open."""
        for waiting in self.open.values():
            for wire_id, path in waiting:
                self.items.append(missing_result(wire_id, path, self.to))
        self.open.clear()
        self.items += self.said
        self.said = []
