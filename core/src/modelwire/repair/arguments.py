"""The arguments of an earlier tool call, as a request may repeat them."""

from __future__ import annotations

import json
from typing import Any

from modelwire.messages import ToolCall
from modelwire.repair.changes import Changes
from modelwire.repair.text import clean_json

__all__ = ["clean_arguments"]


def clean_arguments(call: ToolCall, path: str, changes: Changes) -> dict[str, Any]:
    """The arguments as a JSON object, which every provider demands; old sessions may hold less.

    Args:
        call: The call; arguments that are JSON text are read.
        path: Its place, as `messages[3].content[0]`.
        changes: Where it is recorded that they are not sent as they were.
    """
    given: object = call.arguments
    value = given
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            value = None
    cleaned = clean_json(value)
    if not isinstance(cleaned, dict):
        reason = "The arguments were not a JSON object; an empty one is sent."
        changes.rewritten(f"{path}.arguments", reason)
        return {}
    if cleaned != given:
        reason = "The arguments held what JSON or UTF-8 cannot say."
        changes.rewritten(f"{path}.arguments", reason)
    return cleaned
