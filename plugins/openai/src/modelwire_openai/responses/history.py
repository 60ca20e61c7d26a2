"""The history as items: every call has a result, every result has a call.

The API refuses a call without its output and an output without its call. A session that holds one
would be refused on every call, so it is repaired here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from modelwire.messages import Message
from modelwire.repair import AssistantTurn, ToolResult, UserTurn, read_history
from modelwire_openai.responses.assistant import render_assistant
from modelwire_openai.responses.rendering import Rendering
from modelwire_openai.responses.user import missing_result, render_user, result_item, user_item

__all__ = ["items_of"]


def items_of(messages: Sequence[Message], rendering: Rendering) -> list[dict[str, Any]]:
    """Write a history as items, and repair it.

    Raises:
        InvalidMessage: An image is of a kind that the API does not take.
    """
    items: list[dict[str, Any]] = []
    user_items: list[dict[str, Any]] = []
    history = read_history(
        messages,
        rendering.changes,
        render_assistant=partial(render_assistant, rendering=rendering),
        render_user=partial(render_user, rendering=rendering),
    )
    for step in history:
        if isinstance(step, AssistantTurn):
            items += [*user_items, *step.content]
            user_items = []
        elif isinstance(step, UserTurn):
            user_items.append(user_item(step.parts))
        elif isinstance(step, ToolResult):
            if user_items:
                rendering.changes.note(
                    "moved", step.path, "Tool results are sent before the user's text."
                )
            items.append(result_item(step.message, step.wire_id, step.path, rendering))
        else:
            items.append(missing_result(step.wire_id))
    return items + user_items
