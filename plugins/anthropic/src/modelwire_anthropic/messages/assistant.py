"""What an assistant said, as content blocks."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from modelwire.errors import InvalidMessage
from modelwire.messages import AssistantMessage, Text, Thinking, ToolCall
from modelwire.repair import Spoken, clean_arguments, clean_text, is_blank
from modelwire_anthropic.messages.rendering import Conversing
from modelwire_anthropic.messages.user import text_block

__all__ = ["from_base64", "speak", "to_base64"]


def from_base64(data: str) -> bytes:
    """The bytes.

    Raises:
        ValueError: The text is not base64.
    """
    try:
        return base64.b64decode(data + "=" * (-len(data) % 4), validate=True)
    except binascii.Error as error:
        msg = "redacted thinking is not base64"
        raise ValueError(msg) from error


def to_base64(data: bytes) -> str:
    """The text that the service takes back."""
    return base64.b64encode(data).decode("ascii")


_Block = dict[str, Any]


def speak(message: AssistantMessage, path: str, to: Conversing) -> Spoken[list[_Block]]:
    """Write an assistant message; it may turn out to have no blocks."""
    spoken: Spoken[list[_Block]] = Spoken(path, [])
    own = to.is_own(message)
    for index, block in enumerate(message.content):
        place = f"{path}.content[{index}]"
        if isinstance(block, Text):
            written = text_block(block, place, to)
        elif isinstance(block, Thinking):
            written = _thinking(block, place, to, own=own)
        else:
            written = _call(block, place, to, spoken)
        if written is not None:
            spoken.content.append(written)
    return spoken


def _thinking(block: Thinking, path: str, to: Conversing, *, own: bool) -> _Block | None:
    replayed = own and to.replay_thinking
    if block.redacted:
        data = _redacted_data(block) if replayed else b""
        if data:
            return {"type": "redacted_thinking", "data": to_base64(data)}
        to.changes.dropped(path, "Redacted thinking can only go back to the model it is from.")
        return None
    if replayed and (block.signature or "").strip():
        # Signed thoughts go back to the byte; any change would break their signature.
        return {"type": "thinking", "thinking": block.text, "signature": block.signature}
    text = clean_text(block.text)
    if own or is_blank(text):
        why = "Thinking can only go back signed, and to the model that signed it."
        to.changes.dropped(path, why)
        return None
    to.changes.rewritten(path, "Another model thought this; it is sent as text.")
    return {"type": "text", "text": text}


def _redacted_data(block: Thinking) -> bytes:
    try:
        return block.redacted_data
    except InvalidMessage:
        return b""


def _call(call: ToolCall, path: str, to: Conversing, spoken: Spoken[list[_Block]]) -> _Block:
    wire_id = to.ids.new(call.id)
    if wire_id != call.id:
        reason = "A tool call's id is letters, digits, _ and -, and no other call has it."
        to.changes.rewritten(f"{path}.id", reason)
    name = to.names.sent(call.name, path, to.changes)
    spoken.calls.append((wire_id, call, path))
    return {
        "type": "tool_use",
        "id": wire_id,
        "name": name,
        "input": clean_arguments(call, path, to.changes),
    }
