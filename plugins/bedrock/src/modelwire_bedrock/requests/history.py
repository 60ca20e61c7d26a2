"""The history in turns: every call answered, every answer called for, the roles taking turns.

Converse refuses a history with an unanswered tool call, a result that nobody asked for, or blank
text. A session that holds one would be refused for ever, so it is repaired here.
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
from modelwire_bedrock.requests.answering import missing_result, result_of, say
from modelwire_bedrock.requests.conversing import Conversing
from modelwire_bedrock.requests.speaking import Spoken, speak

__all__ = ["AssistantTurn", "Turn", "UserTurn", "turns_of"]


@define
class AssistantTurn:
    """What the assistant said between two user turns, as content blocks."""

    blocks: list[dict[str, Any]]


@define
class UserTurn:
    """What was said to the assistant between two of its turns, as content blocks.

    Attributes:
        results: Results of its tool calls.
        beside: Images and files of those results that may not stand in them.
        said: Everything else.
    """

    results: list[dict[str, Any]] = field(factory=list)
    beside: list[dict[str, Any]] = field(factory=list)
    said: list[dict[str, Any]] = field(factory=list)


Turn = AssistantTurn | UserTurn


def turns_of(messages: Sequence[Message], to: Conversing) -> list[Turn]:
    """Put a history in turns, and repair it.

    Raises:
        InvalidMessage: An image or a file is of a kind that the service does not take.
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
    return history.turns


@define
class _History:
    """Reads the messages in order.

    Attributes:
        to: The model that is spoken to.
        turns: The turns so far.
        pairing: Which result answers which call.
        answer: The user's turn after the last one of the assistant.
        spoke: Whether a user message is in it.
    """

    to: Conversing
    turns: list[Turn] = field(factory=list)
    pairing: Pairing = field(
        init=False, default=Factory(lambda self: Pairing(self.to.changes), takes_self=True)
    )
    answer: UserTurn = field(factory=UserTurn)
    spoke: bool = False

    def assistant(self, message: AssistantMessage, path: str) -> None:
        if self.pairing.leaves_out(message, path):
            return
        spoken = speak(message, path, self.to)
        if not spoken.blocks:
            self.to.changes.dropped(path, "Nothing is left of this message.")
            return
        self.close()
        self._add(spoken, path)

    def _add(self, spoken: Spoken, path: str) -> None:
        last = self.turns[-1] if self.turns else None
        if isinstance(last, AssistantTurn):
            self.to.changes.note("merged", path, "Two turns of the assistant in a row are one.")
            last.blocks.extend(spoken.blocks)
        else:
            self.turns.append(AssistantTurn(spoken.blocks))
        self.pairing.ask(spoken.calls)

    def user(self, message: UserMessage, path: str) -> None:
        blocks = say(message.content, path, self.to)
        if not blocks:
            self.to.changes.dropped(path, "Nothing is left of this message.")
            return
        if self.spoke:
            self.to.changes.note("merged", path, "Two turns of the user in a row are one.")
        self.spoke = True
        self.answer.said.extend(blocks)

    def result(self, message: ToolResultMessage, path: str) -> None:
        call = self.pairing.claim(message, path)
        if call is None:
            return
        if self.spoke:
            self.to.changes.note("moved", path, "A result stands before what the user says.")
        result = result_of(message, call[0], path, self.to)
        self.answer.results.extend(result.blocks)
        self.answer.beside.extend(result.beside)

    def close(self) -> None:
        """End the user's turn: answer what is still open."""
        for wire_id, call, path in self.pairing.unanswered():
            result = missing_result(call.name, wire_id, path, self.to)
            self.answer.results.extend(result.blocks)
        if self.answer.results or self.answer.said:
            self.turns.append(self.answer)
        self.answer = UserTurn()
        self.spoke = False
