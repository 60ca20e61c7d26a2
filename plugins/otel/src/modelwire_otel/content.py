"""Recorded content, as JSON in the form of the GenAI conventions."""

from __future__ import annotations

import base64
import json
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

__all__ = ["RecordedAnswer", "asked"]

_Part = dict[str, Any]


def asked(context: Context) -> Attributes:
    """The conversation that the model is asked to continue."""
    found: Attributes = {"gen_ai.input.messages": _json([_message(m) for m in context.messages])}
    if context.system_prompt:
        parts = [{"type": "text", "content": context.system_prompt}]
        found["gen_ai.system_instructions"] = _json(parts)
    if context.tools:
        tools = [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            }
            for tool in context.tools
        ]
        found["gen_ai.tool.definitions"] = _json(tools)
    return found


class RecordedAnswer:
    """Puts the parts of an answer together from its deltas."""

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

    def to_attributes(self, finish_reason: str) -> Attributes:
        """The answer so far, and why it ended."""
        for index in list(self._open):
            self._end(index)
        message = {"role": "assistant", "parts": self._parts, "finish_reason": finish_reason}
        return {"gen_ai.output.messages": _json([message])}

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


def _message(message: Message) -> _Part:
    if isinstance(message, ToolResultMessage):
        response = "".join(block.text for block in message.content if isinstance(block, Text))
        part = {"type": "tool_call_response", "id": message.tool_call_id, "response": response}
        media = [_block(block) for block in message.content if not isinstance(block, Text)]
        return {"role": "tool", "parts": [part, *media]}
    role = "assistant" if isinstance(message, AssistantMessage) else "user"
    return {"role": role, "parts": [_block(block) for block in message.content]}


def _material(block: MediaUrl | SearchResult | GuardContent) -> _Part:
    match block:
        case GuardContent():
            return _block(block.content)
        case SearchResult():
            return {"type": "text", "content": "\n".join(block.content)}
        case MediaUrl():
            kind, mime_type = block.kind, block.mime_type
            return {"type": "uri", "modality": kind, "mime_type": mime_type, "uri": block.url}


def _block(block: UserContent | AssistantContent) -> _Part:
    match block:
        case Text():
            return {"type": "text", "content": block.text}
        case Thinking():
            return {"type": "reasoning", "content": "" if block.redacted else block.text}
        case ToolCall():
            return {
                "type": "tool_call",
                "id": block.id,
                "name": block.name,
                "arguments": block.arguments,
            }
        case Image() | File():
            modality = "image" if isinstance(block, Image) else block.kind
            data = base64.b64encode(block.data).decode("ascii")
            return {
                "type": "blob",
                "modality": modality,
                "mime_type": block.mime_type,
                "content": data,
            }
        case _:
            return _material(block)


def _arguments(text: str) -> Any:
    try:
        return parse_json(text or "{}")
    except ValueError:
        return text


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False)
