"""The history as items: every call answered, every answer called for.

The API refuses a call without its output and an output without its call. A session that holds one
would be refused for ever, so it is repaired here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import Factory, define, field

from modelwire.messages import (
    AssistantMessage,
    Message,
    ToolResultMessage,
    UserMessage,
)
from modelwire.repair import Pairing
from modelwire_openai.responses.answering import missing_result, result_item, say, user_item
from modelwire_openai.responses.conversing import Conversing
from modelwire_openai.responses.speaking import speak

__all__ = ["items_of"]


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
        pairing: Which result answers which call.
        said: What the user said since the assistant's last turn; it stands after the results.
    """

    to: Conversing
    items: list[dict[str, Any]] = field(factory=list)
    pairing: Pairing = field(
        init=False, default=Factory(lambda self: Pairing(self.to.changes), takes_self=True)
    )
    said: list[dict[str, Any]] = field(factory=list)

    def assistant(self, message: AssistantMessage, path: str) -> None:
        if self.pairing.leaves_out(message, path):
            return
        spoken = speak(message, path, self.to)
        if not spoken.items:
            self.to.changes.dropped(path, "Nothing is left of this message.")
            return
        self.close()
        self.items += spoken.items
        self.pairing.ask(spoken.calls)

    def user(self, message: UserMessage, path: str) -> None:
        parts = say(message.content, path, self.to)
        if parts:
            self.said.append(user_item(parts))
        else:
            self.to.changes.dropped(path, "Nothing is left of this message.")

    def result(self, message: ToolResultMessage, path: str) -> None:
        call = self.pairing.claim(message, path)
        if call is None:
            return
        if self.said:
            self.to.changes.note("moved", path, "A result stands before what the user says.")
        self.items.append(result_item(message, call[0], path, self.to))

    def close(self) -> None:
        """End the user's turn: answer what is still open."""
        for wire_id, _, path in self.pairing.unanswered():
            self.items.append(missing_result(wire_id, path, self.to))
        self.items += self.said
        self.said = []
