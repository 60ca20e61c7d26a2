"""Turns as the messages of a request: the order of the roles, as each family wants it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelwire.repair import Changes
from modelwire_bedrock.families import Family
from modelwire_bedrock.requests.files import FILE_KINDS
from modelwire_bedrock.requests.history import AssistantTurn, Turn

__all__ = ["PLACEHOLDER", "end_with_user", "messages_of"]

PLACEHOLDER = "."
"""Stands where a turn must be and there is nothing to say; white space is refused.

Recorded as accepted from the user and from the assistant.
"""


def messages_of(turns: Sequence[Turn], family: Family, changes: Changes) -> list[dict[str, Any]]:
    """Write turns as messages that begin and alternate as the family wants it."""
    messages: list[dict[str, Any]] = []
    for turn in turns:
        if isinstance(turn, AssistantTurn):
            messages.append({"role": "assistant", "content": turn.blocks})
            continue
        said = _with_text([*turn.beside, *turn.said], changes)
        results = any("toolResult" in block for block in turn.results)
        if results and (refused := _refused_company(said, family)):
            # The service joins two turns of one role again, so something must stand between.
            changes.added(
                "messages", f"{family.key} takes {refused} beside tool results; a turn parts them."
            )
            messages += [
                {"role": "user", "content": turn.results},
                _filler("assistant"),
                {"role": "user", "content": said},
            ]
        else:
            messages.append({"role": "user", "content": [*turn.results, *said]})
    leads = bool(messages) and messages[0]["role"] == "assistant"
    if not messages:
        changes.added("messages", "A request needs a message; a placeholder stands for it.")
        messages.append(_filler("user"))
    elif leads and not family.leading_assistant:
        changes.added(
            "messages", f"With {family.key} the user begins; a placeholder stands before."
        )
        messages.insert(0, _filler("user"))
    return messages


def end_with_user(
    messages: list[dict[str, Any]], changes: Changes, *, prefill: bool, family: Family
) -> None:
    """Let the user have the last word, unless the model may continue the assistant's.

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


def _with_text(said: list[dict[str, Any]], changes: Changes) -> list[dict[str, Any]]:
    """Put text before a document that has none in its message, as the service wants it."""
    if not any("document" in block for block in said) or any("text" in block for block in said):
        return said
    changes.added("messages", "A document needs text in its message; a placeholder stands for it.")
    return [{"text": PLACEHOLDER}, *said]


def _refused_company(said: list[dict[str, Any]], family: Family) -> str | None:
    """What of a turn may not stand in it with tool results, in words, or `None`."""
    if said and family.result_company == "nothing":
        return "nothing"
    if family.result_company == "text and images" and any(
        kind in block for block in said for kind in FILE_KINDS
    ):
        return "only text and images"
    return None


def _filler(role: str) -> dict[str, Any]:
    return {"role": role, "content": [{"text": PLACEHOLDER}]}
