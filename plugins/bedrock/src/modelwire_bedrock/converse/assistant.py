"""What an assistant said, as content blocks."""

from __future__ import annotations

import json
from typing import Any

from modelwire.errors import InvalidMessage
from modelwire.messages import AssistantMessage, Text, Thinking, ToolCall
from modelwire.repair import Spoken, clean_arguments, clean_text, is_blank
from modelwire_bedrock.converse.rendering import Conversing
from modelwire_bedrock.converse.user import text_block

__all__ = ["speak"]

_Block = dict[str, Any]

_PLACEHOLDER_SIGNATURE = "reasoning_content"
"""What OpenAI-compatible clients write where a signature would be; it proves nothing."""


def speak(message: AssistantMessage, path: str, to: Conversing) -> Spoken[list[_Block]]:
    """Write an assistant message as content blocks; it may turn out to have none."""
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
    replayed = own and to.family.signed
    if block.redacted:
        return _redacted(block, path, to, replayed=replayed)
    signature = (block.signature or "").strip()
    if replayed and signature == _PLACEHOLDER_SIGNATURE:
        to.changes.dropped(path, "Its signature is a placeholder, which the model would refuse.")
        return None
    if replayed and signature:
        # Signed thoughts go back to the byte; any change would break their signature.
        return {
            "reasoningContent": {
                "reasoningText": {"text": block.text, "signature": block.signature}
            }
        }
    text = clean_text(block.text)
    if is_blank(text):
        to.changes.dropped(
            path, "Thinking without text can only go back to the model that signed it."
        )
        return None
    to.changes.rewritten(
        path, "Only the model that signed its thinking takes it as thinking; it is sent as text."
    )
    return {"text": text}


def _redacted(block: Thinking, path: str, to: Conversing, *, replayed: bool) -> _Block | None:
    if not replayed:
        to.changes.dropped(path, "Redacted thinking means nothing to another model.")
        return None
    try:
        data = block.redacted_data
    except InvalidMessage:
        data = b""
    if not data:
        to.changes.dropped(
            path, "The opaque bytes of this redacted thinking are missing or damaged."
        )
        return None
    return {"reasoningContent": {"redactedContent": data}}


def _call(call: ToolCall, path: str, to: Conversing, spoken: Spoken[list[_Block]]) -> _Block:
    wire_id = to.ids.new(call.id)
    spoken.calls.append((wire_id, call, path))
    arguments = clean_arguments(call, path, to.changes)
    if not to.tool_blocks:
        to.changes.rewritten(
            path, "Without tools the service refuses tool calls; it is told as text."
        )
        told = json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
        return {"text": f"[Assistant tool call]: {clean_text(call.name)}({told})"}
    if wire_id != call.id:
        to.changes.rewritten(
            f"{path}.id", "A tool call's id is letters, digits, _ and -, at most 64, and its own."
        )
    name = to.names.sent(call.name, path, to.changes)
    return {"toolUse": {"toolUseId": wire_id, "name": name, "input": arguments}}
