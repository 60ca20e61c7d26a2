"""The history as chat messages for the engine's templates.

Templates are strict in different ways: some want user and assistant to alternate, some refuse two
assistant messages at the end, some know no tools. What is made here is legal for all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from modelwire.errors import InvalidRequest
from modelwire.messages import (
    AssistantMessage,
    Context,
    Message,
    Text,
    Thinking,
    ToolCall,
    ToolResultMessage,
    UserContent,
    UserMessage,
)

__all__ = ["render_messages"]

ChatMessage = dict[str, Any]


def render_messages(
    context: Context, *, native_tools: bool, default_system: str | None = None
) -> list[ChatMessage]:
    """Write a context as chat messages.

    Args:
        context: What the model is asked to continue.
        native_tools: Whether the model's template knows tool calls. Where it does not, calls and
            results of an earlier model are told in plain words.
        default_system: The system prompt for a context that has none.

    Raises:
        InvalidRequest: There is nothing to continue, or something other than text in what is new.
            In earlier turns, which another model may have seen, a word stands in its place.
    """
    messages: list[ChatMessage] = []
    spoken = [i for i, m in enumerate(context.messages) if isinstance(m, AssistantMessage)]
    last_turn = spoken[-1] if spoken else -1
    for index, message in enumerate(context.messages):
        place = index if index > last_turn else None
        for rendered in _render(message, place, native_tools=native_tools):
            _append(messages, rendered)
    if not messages:
        msg = "There is no message to answer: the context holds no text."
        raise InvalidRequest(msg, hint="Add a user message.")
    system = default_system if context.system_prompt is None else context.system_prompt
    if system is not None:
        messages.insert(0, {"role": "system", "content": encodable(system)})
    return messages


def encodable(text: str) -> str:
    """Replace halves of characters, which the engine refuses as invalid JSON."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _render(message: Message, index: int | None, *, native_tools: bool) -> list[ChatMessage]:
    if isinstance(message, UserMessage):
        return [{"role": "user", "content": _text(message.content, index)}]
    if isinstance(message, ToolResultMessage):
        return [_tool_result(message, index, native_tools=native_tools)]
    return [_assistant(message, native_tools=native_tools)]


def _assistant(message: AssistantMessage, *, native_tools: bool) -> ChatMessage:
    # Thinking is left out: templates drop it from earlier turns, and none takes another model's.
    texts = [block.text for block in message.content if isinstance(block, Text)]
    calls = message.tool_calls
    if native_tools and calls:
        return {
            "role": "assistant",
            "content": encodable("".join(texts)),
            "tool_calls": [_native_call(call) for call in calls],
        }
    texts += [
        f"\n[I call the tool {call.name} with {json.dumps(call.arguments)}]" for call in calls
    ]
    return {"role": "assistant", "content": encodable("".join(texts))}


def _native_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": json.dumps(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def _tool_result(
    message: ToolResultMessage, index: int | None, *, native_tools: bool
) -> ChatMessage:
    text = _text(message.content, index).strip() or "(no output)"
    if message.is_error:
        text = f"Error: {text}"
    if native_tools:
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": text}
    return {"role": "user", "content": f"[The tool {message.tool_name} returned: {text}]"}


def _text(content: Iterable[UserContent | Thinking], index: int | None) -> str:
    """The text of a message; `index` is its place if other content is to be refused."""
    texts = []
    for block in content:
        if not isinstance(block, Text):
            kind = type(block).__name__.lower()
            if index is None:
                texts.append(f"({kind} omitted: this model takes only text)")
                continue
            msg = f"messages[{index}] holds content of the kind {kind}; this model takes only text."
            raise InvalidRequest(msg, hint="Choose a model that accepts it, or leave it out.")
        texts.append(block.text)
    return encodable("\n".join(texts))


def _append(messages: list[ChatMessage], message: ChatMessage) -> None:
    if not message["content"].strip() and "tool_calls" not in message:
        return
    last = messages[-1] if messages else None
    mergeable = ("user", "assistant")
    if (
        last is not None
        and last["role"] == message["role"]
        and message["role"] in mergeable
        and "tool_calls" not in last
        and "tool_calls" not in message
    ):
        last["content"] += "\n\n" + message["content"]
        return
    messages.append(message)
