"""Assistant messages as Converse content blocks."""

from __future__ import annotations

import json
from typing import Any

from modelwire.errors import InvalidMessage
from modelwire.messages import AssistantMessage, Text, Thinking, ToolCall
from modelwire.repair import AssistantTurn, clean_arguments, clean_text, text_of
from modelwire_bedrock.converse.citations import cited_block, is_citable
from modelwire_bedrock.converse.rendering import Rendering
from modelwire_bedrock.converse.user import BLANK, text_block

__all__ = ["render_assistant"]

_Block = dict[str, Any]

_PLACEHOLDER_SIGNATURE = "reasoning_content"
"""The value that OpenAI-compatible clients write as a signature; it proves nothing."""


def render_assistant(
    message: AssistantMessage, path: str, rendering: Rendering
) -> AssistantTurn[list[_Block]]:
    """Write an assistant message as content blocks; it may turn out to have none."""
    turn: AssistantTurn[list[_Block]] = AssistantTurn(path, [])
    for index, block in enumerate(message.content):
        place = f"{path}.content[{index}]"
        if isinstance(block, Text):
            written = _text(block, place, rendering)
        elif isinstance(block, Thinking):
            written = _thinking(block, place, rendering, message)
        else:
            written = _call(block, place, rendering, turn)
        if written is not None:
            turn.content.append(written)
    return turn


def _text(block: Text, path: str, rendering: Rendering) -> _Block | None:
    if not block.citations:
        return text_block(block, path, rendering)
    text = text_of(block, path, rendering.changes, blank=BLANK, cited=True)
    if text is None:
        return None
    citations = [
        cited
        for cited in block.citations
        if rendering.cites and is_citable(cited, rendering.sources)
    ]
    if len(citations) < len(block.citations):
        rendering.changes.dropped(
            f"{path}.citations", "The model takes citations of what the request holds."
        )
    return cited_block(text, citations) if citations else {"text": text}


def _thinking(
    block: Thinking, path: str, rendering: Rendering, message: AssistantMessage
) -> _Block | None:
    """Write thinking as thinking, or leave it out; as text the model would repeat it to the user."""
    replayed = rendering.family.signed and rendering.accepts_thinking_of(message)
    if block.redacted:
        replayed = replayed and rendering.is_own(message)
        return _redacted(block, path, rendering, replayed=replayed)
    signature = (block.signature or "").strip()
    if replayed and signature == _PLACEHOLDER_SIGNATURE:
        rendering.changes.dropped(
            path, "Its signature is a placeholder, which the model would refuse."
        )
        return None
    if replayed and signature:
        # Signed thoughts go back to the byte; any change would break their signature.
        return {
            "reasoningContent": {
                "reasoningText": {"text": block.text, "signature": block.signature}
            }
        }
    rendering.changes.dropped(
        path, "Thinking can only go back signed, and to the model that signed it."
    )
    return None


def _redacted(block: Thinking, path: str, rendering: Rendering, *, replayed: bool) -> _Block | None:
    if not replayed:
        rendering.changes.dropped(path, "Redacted thinking means nothing to another model.")
        return None
    try:
        data = block.redacted_data
    except InvalidMessage:
        data = b""
    if not data:
        rendering.changes.dropped(
            path, "The opaque bytes of this redacted thinking are missing or damaged."
        )
        return None
    return {"reasoningContent": {"redactedContent": data}}


def _call(
    call: ToolCall, path: str, rendering: Rendering, turn: AssistantTurn[list[_Block]]
) -> _Block:
    wire_id = rendering.ids.new(call.id)
    turn.calls.append((wire_id, call, path))
    arguments = clean_arguments(call, path, rendering.changes)
    if not rendering.tool_blocks:
        rendering.changes.rewritten(
            path, "Without tools the service refuses tool calls; it is sent as text."
        )
        arguments_json = json.dumps(arguments, ensure_ascii=False, separators=(",", ":"))
        return {"text": f"[Assistant tool call]: {clean_text(call.name)}({arguments_json})"}
    if wire_id != call.id:
        rendering.changes.rewritten(f"{path}.id", rendering.ids.rule)
    name = rendering.names.sent(call.name, path, rendering.changes)
    return {"toolUse": {"toolUseId": wire_id, "name": name, "input": arguments}}
