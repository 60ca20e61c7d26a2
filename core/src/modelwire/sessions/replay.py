"""Replay of a session: the conversation along one branch of its tree.

pi keeps more kinds of messages than are sent to a model. Those that pi would show the model are
converted to messages here; the rest is not part of the conversation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import Factory, define

from modelwire.errors import InvalidMessage, Problem
from modelwire.messages import AssistantMessage, Message, UserMessage
from modelwire.messages.codec import message_from_json
from modelwire.models import ModelRef
from modelwire.sessions.blocks import restore_blocks
from modelwire.sessions.entries import Entry

__all__ = ["NO_MODEL", "SYSTEM_PROMPT", "Conversation", "branch_of", "replay", "stored_message"]

SYSTEM_PROMPT = "modelwire.system_prompt"
"""The `customType` of the entries that hold a system prompt; pi has none of its own."""

NO_MODEL = "openclaw"
"""The provider of messages without a model, which OpenClaw delivered or added itself."""

_SILENT = frozenset(
    {"custom", "label", "model_change", "session_info", "thinking_level_change", "usage"}
)


@define
class Conversation:
    """The conversation of a session, and the settings to continue it with.

    Attributes:
        messages: The messages, oldest first.
        entry_ids: For each message, the id of the entry that it comes from.
        system_prompt: The system prompt, or `None`.
        model: The model that was chosen or that answered last, or `None`.
        thinking_level: The requested level of reasoning, or `None` where it is not set.
        notes: Entries that cannot be read, each with its line.
    """

    messages: list[Message] = Factory(list)
    entry_ids: list[str] = Factory(list)
    system_prompt: str | None = None
    model: ModelRef | None = None
    thinking_level: str | None = None
    notes: list[Problem] = Factory(list)


def branch_of(entries: Sequence[Entry], leaf: str | None) -> list[Entry]:
    """The entries from the first one to `leaf`, each of which follows the one before."""
    by_id = {entry.id: entry for entry in entries}
    path: list[Entry] = []
    at = by_id.get(leaf) if leaf is not None else None
    while at is not None:
        path.append(at)
        at = by_id.get(at.parent_id) if at.parent_id is not None else None
    return path[::-1]


def replay(branch: Sequence[Entry]) -> Conversation:
    """Read the conversation of a branch.

    The last compaction of the branch replaces the entries before it, except for those that it
    keeps.
    """
    conversation = Conversation()
    last = max((i for i, entry in enumerate(branch) if entry.kind == "compaction"), default=None)
    kept_from = 0
    if last is not None:
        first = branch[last].data.get("firstKeptEntryId")
        kept_from = next((i for i, e in enumerate(branch[:last]) if e.id == first), last)
        _add_message(conversation, branch[last])
    for position, entry in enumerate(branch):
        _apply_choice(conversation, entry)
        if position >= kept_from and entry.kind != "compaction":
            _add_message(conversation, entry)
    return conversation


def stored_message(data: Mapping[str, Any]) -> Message:
    """Read a message as a session stores it.

    Raises:
        InvalidMessage: It is not well formed.
    """
    message = message_from_json(data)
    usage = data.get("usage")
    unpriced = isinstance(usage, Mapping) and usage.get("costKnown") is False
    if unpriced and isinstance(message, AssistantMessage):
        message.usage.cost = None
    return message


def _apply_choice(conversation: Conversation, entry: Entry) -> None:
    """Apply the choice in an entry."""
    data = entry.data
    if entry.kind == "model_change":
        conversation.model = _model(data.get("provider"), data.get("modelId")) or conversation.model
    elif entry.kind == "thinking_level_change":
        level = data.get("thinkingLevel")
        conversation.thinking_level = level if isinstance(level, str) else None
    elif entry.kind == "custom" and data.get("customType") == SYSTEM_PROMPT:
        stored = data.get("data")
        text = stored.get("text") if isinstance(stored, Mapping) else None
        conversation.system_prompt = text if isinstance(text, str) else None
    elif entry.kind == "message" and isinstance(data.get("message"), Mapping):
        message = data["message"]
        if message.get("role") == "assistant":
            conversation.model = (
                _model(message.get("provider"), message.get("model")) or conversation.model
            )


def _model(provider: object, model: object) -> ModelRef | None:
    if provider == NO_MODEL:
        return None
    if isinstance(provider, str) and provider and isinstance(model, str) and model:
        return ModelRef(provider, model)
    return None


def _add_message(conversation: Conversation, entry: Entry) -> None:
    """Add the message that an entry holds, if it holds one for the model."""
    if entry.kind in _SILENT:
        return
    read = _ENTRIES.get(entry.kind)
    if read is None:
        note = f'entries of the type "{entry.kind}" are kept, and are not part of the conversation'
        conversation.notes.append(Problem("type", note, entry.line or None))
        return
    try:
        message = read(entry)
    except InvalidMessage as error:
        conversation.notes += [
            Problem(f"message.{problem.path}", problem.message, entry.line or None)
            for problem in error.problems
        ]
        return
    if message is not None:
        conversation.messages.append(message)
        conversation.entry_ids.append(entry.id)


def _message(entry: Entry) -> Message | None:
    data = entry.data.get("message")
    data = data if isinstance(data, Mapping) else {}
    role = data.get("role")
    if role == "bashExecution":
        return None if data.get("excludeFromContext") else _user_message(_command(data), entry)
    if role in ("custom", "hookMessage"):
        return stored_message({**data, "role": "user"})
    if role == "branchSummary":
        return _branch_summary(Entry({**entry.data, **data}, entry.line))
    if role == "compactionSummary":
        return _summary(Entry({**entry.data, **data}, entry.line))
    return stored_message(restore_blocks(entry.data) if data else data)


def _command(data: Mapping[str, Any]) -> str:
    lines = [f"I ran a command: {data.get('command', '')}", str(data.get("output") or "").strip()]
    if data.get("cancelled"):
        lines.append("It was stopped before its end.")
    elif data.get("exitCode"):
        lines.append(f"It ended with the exit status {data['exitCode']}.")
    return "\n".join(filter(None, lines))


def _custom_message(entry: Entry) -> Message:
    return stored_message(
        {"role": "user", "content": entry.data.get("content"), "timestamp": _milliseconds(entry)}
    )


def _summary(entry: Entry) -> Message:
    return _user_message(
        f"What was said before, in short:\n\n{_text(entry, 'summary')}",
        entry,
    )


def _branch_summary(entry: Entry) -> Message | None:
    summary = _text(entry, "summary")
    text = f"What was said on another branch of this conversation, in short:\n\n{summary}"
    return _user_message(text, entry) if summary else None


def _text(entry: Entry, key: str) -> str:
    value = entry.data.get(key)
    return value if isinstance(value, str) else ""


def _user_message(text: str, entry: Entry) -> UserMessage:
    return UserMessage(text, _milliseconds(entry))


def _milliseconds(entry: Entry) -> int:
    stamp = entry.data.get("timestamp")
    if isinstance(stamp, int):
        return stamp
    try:
        return round(datetime.fromisoformat(str(stamp)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return 0


_ENTRIES: Mapping[str, Callable[[Entry], Message | None]] = {
    "message": _message,
    "custom_message": _custom_message,
    "branch_summary": _branch_summary,
    "compaction": _summary,
}
