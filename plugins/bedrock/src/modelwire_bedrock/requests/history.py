"""The history in turns: every call answered, every answer called for, the roles taking turns.

Converse refuses a history with an unanswered tool call, a result that nobody asked for, or blank
text. A session that holds one would be refused for ever, so it is repaired here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from attrs import define, field

from modelwire.messages import Message
from modelwire.repair import Answered, Said, Spoken, read_history
from modelwire_bedrock.requests.answering import missing_result, result_of, say
from modelwire_bedrock.requests.conversing import Conversing
from modelwire_bedrock.requests.speaking import speak

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

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said."""
        return not (self.results or self.said)


Turn = AssistantTurn | UserTurn


def turns_of(messages: Sequence[Message], to: Conversing) -> list[Turn]:
    """Put a history in turns, and repair it.

    Raises:
        InvalidMessage: An image or a file is of a kind that the service does not take.
    """
    turns: list[Turn] = []
    user = UserTurn()
    history = read_history(
        messages, to.changes, speak=partial(speak, to=to), say=partial(say, to=to)
    )
    for step in history:
        if isinstance(step, Spoken):
            if not user.is_empty:
                turns.append(user)
                user = UserTurn()
            _let_assistant_speak(turns, step, to)
        elif isinstance(step, Said):
            if user.said:
                to.changes.note("merged", step.path, "Two turns of the user in a row are one.")
            user.said.extend(step.parts)
        elif isinstance(step, Answered):
            if user.said:
                to.changes.note("moved", step.path, "A result stands before what the user says.")
            result = result_of(step.message, step.wire_id, step.path, to)
            user.results.extend(result.blocks)
            user.beside.extend(result.beside)
        else:
            user.results.extend(missing_result(step, to))
    return turns if user.is_empty else [*turns, user]


def _let_assistant_speak(
    turns: list[Turn], spoken: Spoken[list[dict[str, Any]]], to: Conversing
) -> None:
    last = turns[-1] if turns else None
    if isinstance(last, AssistantTurn):
        to.changes.note("merged", spoken.path, "Two turns of the assistant in a row are one.")
        last.blocks.extend(spoken.content)
    else:
        turns.append(AssistantTurn(spoken.content))
