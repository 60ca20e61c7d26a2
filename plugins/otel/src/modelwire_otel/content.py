"""Recorded content, as JSON in the form of the GenAI conventions."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from modelwire.authoring import parse_json
from modelwire.events import ArgumentsDelta, Delta, TextDelta, ThinkingDelta, ToolCallStart
from modelwire.messages import (
    AssistantContent,
    AssistantMessage,
    Context,
    File,
    GuardContent,
    Image,
    MediaUrl,
    Message,
    SearchResult,
    Text,
    Thinking,
    ToolCall,
    ToolResultMessage,
    UserContent,
)

if TYPE_CHECKING:
    from modelwire_otel.attributes import Attributes

__all__ = ["LEFT_OUT", "RecordedAnswer", "call_arguments", "call_result", "conversation"]

LEFT_OUT = "modelwire.left_out"
"""Says what was left out of content that was larger than its limit."""

_Part = dict[str, Any]


def conversation(context: Context, limit: int) -> Attributes:
    """The conversation that the model continues.

    Args:
        context: The conversation.
        limit: The maximum length of an attribute; of messages, the last ones are kept.
    """
    messages = (_message(m, limit) for m in reversed(context.messages))
    found = _fitted("gen_ai.input.messages", messages, limit, newest_first=True)
    if context.system_prompt:
        parts = [{"type": "text", "content": _cut(context.system_prompt, limit)}]
        found |= _fitted("gen_ai.system_instructions", parts, limit)
    if context.tools:
        tools = (
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            }
            for tool in context.tools
        )
        found |= _fitted("gen_ai.tool.definitions", tools, limit)
    return found


def call_arguments(call: ToolCall, limit: int) -> Attributes:
    """The arguments of a tool call, as JSON."""
    return {"gen_ai.tool.call.arguments": _cut(_json(call.arguments), limit)}


def call_result(result: ToolResultMessage, limit: int) -> Attributes:
    """The text of a tool's result."""
    text = "".join(block.text for block in result.content if isinstance(block, Text))
    return {"gen_ai.tool.call.result": _cut(text, limit)}


class RecordedAnswer:
    """Assembles the parts of an answer from its deltas."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []
        self._open: dict[int, tuple[_Part, list[str]]] = {}

    def feed(self, delta: Delta) -> None:
        """Take a delta."""
        if isinstance(delta, TextDelta):
            self._add(delta.index, "text", delta.text)
        elif isinstance(delta, ThinkingDelta):
            self._add(delta.index, "reasoning", delta.text)
        elif isinstance(delta, ToolCallStart):
            part = {"type": "tool_call", "id": delta.id, "name": delta.name}
            self._begin(delta.index, part)
        elif isinstance(delta, ArgumentsDelta):
            self._add(delta.index, "tool_call", delta.fragment)

    def to_attributes(self, finish_reason: str, limit: int) -> Attributes:
        """The answer so far, and why it ended.

        Args:
            finish_reason: The reason.
            limit: The most characters of the attribute.
        """
        for index in list(self._open):
            self._end(index)
        left, parts = limit, []
        for part in self._parts:
            parts.append(_shortened(part, max(left, 0)))
            left -= len(_json(parts[-1]))
        message = {"role": "assistant", "parts": parts, "finish_reason": finish_reason}
        return _fitted("gen_ai.output.messages", [message], limit)

    def _add(self, index: int, kind: str, text: str) -> None:
        if index not in self._open or self._open[index][0]["type"] != kind:
            self._begin(index, {"type": kind})
        self._open[index][1].append(text)

    def _begin(self, index: int, part: _Part) -> None:
        """Begin a part; deltas of another kind under an index in use end the part before."""
        self._end(index)
        self._parts.append(part)
        self._open[index] = (part, [])

    def _end(self, index: int) -> None:
        if index in self._open:
            part, pieces = self._open.pop(index)
            text = "".join(pieces)
            if part["type"] == "tool_call":
                part["arguments"] = _arguments(text)
            else:
                part["content"] = text


def _message(message: Message, limit: int) -> _Part:
    if isinstance(message, ToolResultMessage):
        response = "".join(block.text for block in message.content if isinstance(block, Text))
        part = {
            "type": "tool_call_response",
            "id": message.tool_call_id,
            "response": _cut(response, limit),
        }
        media = [_block(block, limit) for block in message.content if not isinstance(block, Text)]
        return {"role": "tool", "parts": [part, *media]}
    role = "assistant" if isinstance(message, AssistantMessage) else "user"
    return {"role": role, "parts": [_block(block, limit) for block in message.content]}


def _material(block: MediaUrl | SearchResult | GuardContent, limit: int) -> _Part:
    match block:
        case GuardContent():
            return _block(block.content, limit)
        case SearchResult():
            return {"type": "text", "content": _cut("\n".join(block.content), limit)}
        case MediaUrl():
            kind, mime_type = block.kind, block.mime_type
            return {"type": "uri", "modality": kind, "mime_type": mime_type, "uri": block.url}


def _block(block: UserContent | AssistantContent, limit: int) -> _Part:
    match block:
        case Text():
            return {"type": "text", "content": _cut(block.text, limit)}
        case Thinking():
            return {
                "type": "reasoning",
                "content": "" if block.redacted else _cut(block.text, limit),
            }
        case ToolCall():
            return {
                "type": "tool_call",
                "id": block.id,
                "name": block.name,
                "arguments": block.arguments,
            }
        case Image() | File():
            modality = "image" if isinstance(block, Image) else block.kind
            about = {"type": "blob", "modality": modality, "mime_type": block.mime_type}
            if len(block.data) * 4 > limit * 3:  # Base64 makes four characters of three bytes
                return {**about, "content": "", LEFT_OUT: f"{len(block.data)} bytes"}
            return {**about, "content": base64.b64encode(block.data).decode("ascii")}
        case _:
            return _material(block, limit)


def _arguments(text: str) -> Any:
    try:
        return parse_json(text or "{}")
    except ValueError:
        return text


def _shortened(part: _Part, limit: int) -> _Part:
    """A part of an answer, with a text that fits."""
    for key in ("content", "arguments"):
        value = part.get(key)
        if isinstance(value, str):
            return {**part, key: _cut(value, limit)}
    if len(_json(part)) > limit:
        return {**part, "arguments": _cut(_json(part.get("arguments")), limit)}
    return part


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit} characters left out)"


def _fitted(
    name: str, items: Iterable[_Part], limit: int, *, newest_first: bool = False
) -> Attributes:
    """An attribute with as many of the items as fit, and one that says how many do not.

    Args:
        name: The attribute.
        items: The items; the first one is always kept.
        limit: The most characters, but for what the first item has by itself.
        newest_first: Whether the items come in reverse order.
    """
    kept: list[str] = []
    size, left_out = 0, 0
    for item in items:
        text = _json(item)
        if left_out or (kept and size + len(text) > limit):
            left_out += 1
            continue
        kept.append(text)
        size += len(text)
    found: Attributes = {name: f"[{', '.join(reversed(kept) if newest_first else kept)}]"}
    if left_out:
        found[f"{LEFT_OUT}.{name}"] = left_out
    return found


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False)
