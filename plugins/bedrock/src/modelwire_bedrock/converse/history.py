"""The history as turns: every call has a result, every result has a call, roles alternating.

Converse refuses a history with an unanswered tool call, a result without a call, or blank
text. A session that holds one would be refused on every later call, so it is repaired here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from attrs import define, field

from modelwire.messages import Message
from modelwire.repair import AssistantTurn, Changes, ToolResult, UserTurn, read_history
from modelwire_bedrock.converse.assistant import render_assistant
from modelwire_bedrock.converse.media import FILE_KINDS
from modelwire_bedrock.converse.rendering import Rendering
from modelwire_bedrock.converse.user import missing_result, render_user, result_of
from modelwire_bedrock.models.families import Family

__all__ = [
    "PLACEHOLDER",
    "AssistantBlocks",
    "Turn",
    "UserBlocks",
    "end_with_user",
    "messages_of",
    "turns_of",
]


@define
class AssistantBlocks:
    """The assistant's content blocks between two user turns."""

    blocks: list[dict[str, Any]]


@define
class UserBlocks:
    """The user's content blocks between two assistant turns.

    Attributes:
        results: Results of its tool calls.
        beside: Images and files of those results that may not be part of them.
        content: Everything else.
    """

    results: list[dict[str, Any]] = field(factory=list)
    beside: list[dict[str, Any]] = field(factory=list)
    content: list[dict[str, Any]] = field(factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether there are no blocks."""
        return not (self.results or self.content)


Turn = AssistantBlocks | UserBlocks


def turns_of(messages: Sequence[Message], rendering: Rendering) -> list[Turn]:
    """Put a history in turns, and repair it.

    Raises:
        InvalidMessage: An image or a file is of a kind that the service does not take.
    """
    turns: list[Turn] = []
    user = UserBlocks()
    history = read_history(
        messages,
        rendering.changes,
        render_assistant=partial(render_assistant, rendering=rendering),
        render_user=partial(render_user, rendering=rendering),
    )
    for step in history:
        if isinstance(step, AssistantTurn):
            if not user.is_empty:
                turns.append(user)
                user = UserBlocks()
            _let_assistant_speak(turns, step, rendering)
        elif isinstance(step, UserTurn):
            if user.content:
                rendering.changes.note(
                    "merged", step.path, "Two turns of the user in a row are one."
                )
            user.content.extend(step.parts)
        elif isinstance(step, ToolResult):
            if user.content:
                rendering.changes.note(
                    "moved", step.path, "Tool results are sent before the user's text."
                )
            result = result_of(step.message, step.wire_id, step.path, rendering)
            user.results.extend(result.blocks)
            user.beside.extend(result.beside)
        else:
            user.results.extend(missing_result(step, rendering))
    return turns if user.is_empty else [*turns, user]


def _let_assistant_speak(
    turns: list[Turn], assistant: AssistantTurn[list[dict[str, Any]]], rendering: Rendering
) -> None:
    last = turns[-1] if turns else None
    if isinstance(last, AssistantBlocks):
        rendering.changes.note(
            "merged", assistant.path, "Two turns of the assistant in a row are one."
        )
        last.blocks.extend(assistant.content)
    else:
        turns.append(AssistantBlocks(assistant.content))


PLACEHOLDER = "."
"""The text of a required turn that would be empty; white space is refused.

Recorded as accepted from the user and from the assistant.
"""


def messages_of(turns: Sequence[Turn], family: Family, changes: Changes) -> list[dict[str, Any]]:
    """Write turns as messages that begin and alternate as the family wants it."""
    messages: list[dict[str, Any]] = []
    for turn in turns:
        if isinstance(turn, AssistantBlocks):
            messages.append({"role": "assistant", "content": turn.blocks})
            continue
        content = _with_text([*turn.beside, *turn.content], changes)
        refused = _refused_company(content, family) if content and turn.results else None
        if refused and any("toolResult" in block for block in turn.results):
            # The service merges adjacent turns of one role, so they must be separated.
            changes.added(
                "messages", f"{family.key} takes {refused} beside tool results; a turn parts them."
            )
            messages += [
                {"role": "user", "content": turn.results},
                _filler("assistant"),
                {"role": "user", "content": content},
            ]
        else:
            messages.append({"role": "user", "content": [*turn.results, *content]})
    leads = bool(messages) and messages[0]["role"] == "assistant"
    if not messages:
        changes.added("messages", "A request needs a message; a placeholder is added.")
        messages.append(_filler("user"))
    elif leads and not family.leading_assistant:
        changes.added(
            "messages",
            f"With {family.key} the user message comes first; a placeholder is inserted.",
        )
        messages.insert(0, _filler("user"))
    return messages


def end_with_user(
    messages: list[dict[str, Any]], changes: Changes, *, prefill: bool, family: Family
) -> None:
    """End with a user turn, unless the model may continue the assistant's.

    What is continued must not end in white space: Claude refuses that.
    """
    last = messages[-1]
    if last["role"] == "user":
        return
    if not prefill or "text" not in last["content"][-1]:
        changes.added(
            "messages",
            f"{family.key} does not continue this answer; the user ends with a placeholder.",
        )
        messages.append(_filler("user"))
        return
    text = last["content"][-1]["text"]
    if text != text.rstrip():
        changes.rewritten("messages", "An answer to be continued does not end in white space.")
        last["content"][-1] = {"text": text.rstrip()}


def _with_text(content: list[dict[str, Any]], changes: Changes) -> list[dict[str, Any]]:
    """Put text before a document that has none in its message, as the service wants it."""
    for block in content:  # a loop, since histories have thousands of turns
        if "document" in block:
            break
    else:
        return content
    if any("text" in block for block in content):
        return content
    changes.added("messages", "A document needs text in its message; a placeholder is added.")
    return [{"text": PLACEHOLDER}, *content]


def _refused_company(content: list[dict[str, Any]], family: Family) -> str | None:
    """A description of the parts that may not share a turn with tool results, or `None`."""
    if content and family.result_company == "nothing":
        return "nothing"
    if family.result_company == "text and images" and any(
        kind in block for block in content for kind in FILE_KINDS
    ):
        return "only text and images"
    return None


def _filler(role: str) -> dict[str, Any]:
    return {"role": role, "content": [{"text": PLACEHOLDER}]}
