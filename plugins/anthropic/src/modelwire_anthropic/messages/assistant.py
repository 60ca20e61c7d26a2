"""Assistant messages as content blocks."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from modelwire.errors import InvalidMessage
from modelwire.messages import AssistantMessage, Text, Thinking, ToolCall
from modelwire.repair import AssistantTurn, clean_arguments, clean_text, is_blank, text_of
from modelwire_anthropic.messages.citations import is_citable, write_citation
from modelwire_anthropic.messages.rendering import Rendering
from modelwire_anthropic.messages.user import BLANK, text_block

__all__ = ["from_base64", "render_assistant", "to_base64"]


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


def render_assistant(
    message: AssistantMessage, path: str, rendering: Rendering
) -> AssistantTurn[list[_Block]]:
    """Write an assistant message; it may turn out to have no blocks."""
    spoken: AssistantTurn[list[_Block]] = AssistantTurn(path, [])
    own = rendering.is_own(message)
    for index, block in enumerate(message.content):
        place = f"{path}.content[{index}]"
        if isinstance(block, Text):
            written = _text(block, place, rendering, own=own)
        elif isinstance(block, Thinking):
            written = _thinking(block, place, rendering, own=own)
        else:
            written = _call(block, place, rendering, spoken)
        if written is not None:
            spoken.content.append(written)
    return spoken


def _text(block: Text, path: str, rendering: Rendering, *, own: bool) -> _Block | None:
    if not block.citations:
        return text_block(block, path, rendering)
    text = text_of(block, path, rendering.changes, blank=BLANK, cited=True)
    if text is None:
        return None
    written: _Block = {"type": "text", "text": text}
    kept = [cited for cited in block.citations if is_citable(cited, rendering.sources, own=own)]
    if len(kept) < len(block.citations):
        rendering.changes.dropped(
            f"{path}.citations", "Only citations of what the request holds can go back."
        )
    if kept:
        written["citations"] = [write_citation(citation) for citation in kept]
    return written


def _thinking(block: Thinking, path: str, rendering: Rendering, *, own: bool) -> _Block | None:
    replayed = own and rendering.replay_thinking
    if block.redacted:
        data = _redacted_data(block) if replayed else b""
        if data:
            return {"type": "redacted_thinking", "data": to_base64(data)}
        rendering.changes.dropped(
            path, "Redacted thinking can only go back to the model it is from."
        )
        return None
    if replayed and (block.signature or "").strip():
        # Signed thoughts go back to the byte; any change would break their signature.
        return {"type": "thinking", "thinking": block.text, "signature": block.signature}
    if replayed and not rendering.requires_signature and not is_blank(block.text):
        return {"type": "thinking", "thinking": clean_text(block.text)}
    # As text the model would repeat it to the user.
    why = "Thinking can only go back to the model that it is from."
    if own and rendering.requires_signature:
        why = "Thinking can only go back signed, and to the model that signed it."
    rendering.changes.dropped(path, why)
    return None


def _redacted_data(block: Thinking) -> bytes:
    try:
        return block.redacted_data
    except InvalidMessage:
        return b""


def _call(
    call: ToolCall, path: str, rendering: Rendering, spoken: AssistantTurn[list[_Block]]
) -> _Block:
    wire_id = rendering.ids.new(call.id)
    if wire_id != call.id:
        reason = "A tool call's id is letters, digits, _ and -, and no other call has it."
        rendering.changes.rewritten(f"{path}.id", reason)
    name = rendering.names.sent(call.name, path, rendering.changes)
    spoken.calls.append((wire_id, call, path))
    return {
        "type": "tool_use",
        "id": wire_id,
        "name": name,
        "input": clean_arguments(call, path, rendering.changes),
    }
