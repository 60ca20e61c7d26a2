"""The history as turns: every call has a result, every result has a call, the user first.

The service refuses a call without its result and a result without its call. A session that holds
one would be refused on every later call, so it is repaired here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from modelwire.messages import Message
from modelwire.repair import AssistantTurn, ToolResult, UserTurn, read_history
from modelwire_anthropic.messages.assistant import render_assistant
from modelwire_anthropic.messages.rendering import Rendering
from modelwire_anthropic.messages.user import missing_result, render_user, result_of

__all__ = ["PLACEHOLDER", "messages_of"]

PLACEHOLDER = "."
"""The text of a required user turn that would be empty; blank text is refused."""

_Block = dict[str, Any]


def messages_of(messages: Sequence[Message], rendering: Rendering) -> list[dict[str, Any]]:
    """Write a history as messages in which user and assistant take turns.

    Raises:
        InvalidMessage: An image is of a kind that the service does not take.
    """
    written = _turns_of(messages, rendering)
    if written and written[0]["role"] == "assistant":
        rendering.changes.added(
            "messages", "The user message comes first; a placeholder is inserted."
        )
        written = _user([{"type": "text", "text": PLACEHOLDER}]) + written
    if written and written[-1]["role"] == "assistant":
        _end_with_user(written, rendering)
    return written


def _turns_of(messages: Sequence[Message], rendering: Rendering) -> list[dict[str, Any]]:
    """Write messages as turns; in a user turn, tool results come before the user's content."""
    turns: list[dict[str, Any]] = []
    results: list[_Block] = []
    content: list[_Block] = []
    history = read_history(
        messages,
        rendering.changes,
        render_assistant=partial(render_assistant, rendering=rendering),
        render_user=partial(render_user, rendering=rendering),
    )
    for step in history:
        if isinstance(step, AssistantTurn):
            turns += _user([*results, *content])
            results, content = [], []
            _let_assistant_speak(turns, step, rendering)
        elif isinstance(step, UserTurn):
            content += step.parts
        elif isinstance(step, ToolResult):
            results.append(result_of(step.message, step.wire_id, step.path, rendering))
        else:
            results.append(missing_result(step.wire_id))
    return turns + _user([*results, *content])


def _let_assistant_speak(
    turns: list[dict[str, Any]], turn: AssistantTurn[list[_Block]], rendering: Rendering
) -> None:
    if turns and turns[-1]["role"] == "assistant":
        rendering.changes.note("merged", turn.path, "Two turns of the assistant in a row are one.")
        turns[-1]["content"] += turn.content
    else:
        turns.append({"role": "assistant", "content": turn.content})


def _end_with_user(written: list[dict[str, Any]], rendering: Rendering) -> None:
    """End with a user turn, unless the model continues the assistant's."""
    last = written[-1]["content"][-1]
    if not rendering.claude.prefill or last["type"] != "text":
        reason = "The model does not continue this answer; the user ends with a placeholder."
        rendering.changes.added("messages", reason)
        written += _user([{"type": "text", "text": PLACEHOLDER}])
    elif last["text"] != last["text"].rstrip():
        reason = "An answer to be continued does not end in white space."
        rendering.changes.rewritten("messages", reason)
        last["text"] = last["text"].rstrip()


def _user(content: list[_Block]) -> list[dict[str, Any]]:
    """The user's turn, or nothing where it has no content."""
    return [{"role": "user", "content": content}] if content else []
