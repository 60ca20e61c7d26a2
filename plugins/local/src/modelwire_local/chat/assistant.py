"""Assistant messages: text, and tool calls in their own form or in words."""

from __future__ import annotations

import json
from typing import Any

from modelwire.messages import AssistantMessage, Text, Thinking, ToolCall
from modelwire.repair import AssistantTurn, clean_arguments, clean_text, text_of
from modelwire_local.chat.rendering import IN_WORDS, ChatMessage, Rendering
from modelwire_local.chat.user import BLANK

__all__ = ["render_assistant"]


def render_assistant(
    message: AssistantMessage, path: str, rendering: Rendering
) -> AssistantTurn[ChatMessage | None]:
    """Write an assistant message; if it is empty, the content is `None`.

    Thinking is left out: templates drop it from earlier turns, and no model takes another's.
    """
    turn: AssistantTurn[ChatMessage | None] = AssistantTurn(path, None)
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    for index, block in enumerate(message.content):
        place = f"{path}.content[{index}]"
        if isinstance(block, Text):
            text = text_of(block, place, rendering.changes, blank=BLANK)
            texts += [] if text is None else [text]
        elif isinstance(block, Thinking):
            rendering.changes.dropped(place, "Thinking is not sent back to models of this engine.")
        elif rendering.template.tool_calls:
            calls.append(_call(block, place, rendering, turn))
        else:
            texts.append(_in_words(block, place, rendering, turn))
    if texts or calls:
        turn.content = {"role": "assistant", "content": "".join(texts)}
        turn.content |= {"tool_calls": calls} if calls else {}
    return turn


def _call(
    call: ToolCall, path: str, rendering: Rendering, turn: AssistantTurn[ChatMessage | None]
) -> dict[str, Any]:
    wire_id = rendering.ids.new(call.id)
    if wire_id != call.id:
        reason = "A tool call's id is letters, digits, _ and -, and no other call has it."
        rendering.changes.rewritten(f"{path}.id", reason)
    turn.calls.append((wire_id, call, path))
    function = {
        "name": rendering.names.sent(call.name, path, rendering.changes),
        "arguments": _arguments(call, path, rendering),
    }
    return {"id": wire_id, "type": "function", "function": function}


def _in_words(
    call: ToolCall, path: str, rendering: Rendering, turn: AssistantTurn[ChatMessage | None]
) -> str:
    rendering.changes.rewritten(path, IN_WORDS)
    turn.calls.append((call.id, call, path))
    arguments = _arguments(call, path, rendering)
    return f"\n[I call the tool {clean_text(call.name)} with {arguments}]"


def _arguments(call: ToolCall, path: str, rendering: Rendering) -> str:
    return json.dumps(clean_arguments(call, path, rendering.changes), ensure_ascii=False)
