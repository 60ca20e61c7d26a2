"""The history as items: every call answered, every answer called for.

The API refuses a call without its output and an output without its call. A session that holds one
would be refused for ever, so it is repaired here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from modelwire.messages import Message
from modelwire.repair import Answered, Said, Spoken, read_history
from modelwire_openai.responses.assistant import speak
from modelwire_openai.responses.rendering import Conversing
from modelwire_openai.responses.user import missing_result, result_item, say, user_item

__all__ = ["items_of"]


def items_of(messages: Sequence[Message], to: Conversing) -> list[dict[str, Any]]:
    """Write a history as items, and repair it.

    Raises:
        InvalidMessage: An image is of a kind that the API does not take.
    """
    items: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    history = read_history(
        messages, to.changes, speak=partial(speak, to=to), say=partial(say, to=to)
    )
    for step in history:
        if isinstance(step, Spoken):
            items += [*said, *step.content]
            said = []
        elif isinstance(step, Said):
            said.append(user_item(step.parts))
        elif isinstance(step, Answered):
            if said:
                to.changes.note("moved", step.path, "A result stands before what the user says.")
            items.append(result_item(step.message, step.wire_id, step.path, to))
        else:
            items.append(missing_result(step.wire_id))
    return items + said
