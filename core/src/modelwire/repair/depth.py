"""Repair of data that is nested too deep, so that a conversation with such data can continue.

Middleware, plugins and services all process a message's data recursively.
So the runtime repairs it before any of them gets it.
"""

from __future__ import annotations

from attrs import evolve

from modelwire.messages import Context, ToolResultMessage, UserMessage
from modelwire.messages.depth import deep_parts, without_deep_parts
from modelwire.repair.changes import Changes
from modelwire.structuring import TOO_DEEP

__all__ = ["limit_depth"]


def limit_depth(context: Context, changes: Changes) -> Context:
    """The context, or a copy without the data of its messages that is nested too deep.

    Args:
        context: The context, which is not changed.
        changes: The record of changes, which gets each part left out with its place.
    """
    repaired = list(context.messages)
    for index, message in enumerate(context.messages):
        if type(message) is UserMessage or (
            type(message) is ToolResultMessage and message.details is None
        ):
            continue
        parts = list(deep_parts(message))
        for part in parts:
            path = f"messages[{index}].{part}"
            if part.endswith(".arguments"):
                reason = f"The arguments were {TOO_DEEP}; an empty object is sent."
                changes.rewritten(path, reason)
            else:
                changes.dropped(path, f"It was {TOO_DEEP}.")
        if parts:
            repaired[index] = without_deep_parts(message)
    return evolve(context, messages=repaired) if changes.noted else context
