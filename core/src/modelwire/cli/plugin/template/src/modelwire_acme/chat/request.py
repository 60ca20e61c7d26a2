"""The request: model, context and options as the service wants them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import (
    AssistantMessage,
    Context,
    Message,
    Text,
    ToolResultMessage,
    UserContent,
)
from modelwire.models import Model

__all__ = ["build_request"]


def build_request(model: Model, context: Context, options: CompletionOptions) -> dict[str, Any]:
    """Make the body of a request.

    Raises:
        InvalidRequest: The conversation holds something that the service does not take.
    """
    body: dict[str, Any] = {
        "model": model.id,
        "messages": [_message(message) for message in context.messages],
        "system": context.system_prompt,
        "tools": [
            {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
            for tool in context.tools
        ],
        "max_tokens": options.max_tokens,
        "temperature": options.temperature,
        "stop": list(options.stop),
        **options.params,
    }
    return {name: value for name, value in body.items() if value not in (None, [])}


def _message(message: Message) -> dict[str, Any]:
    if isinstance(message, ToolResultMessage):
        text = _text(message.content)
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": text}
    if isinstance(message, AssistantMessage):
        calls = [
            {"id": call.id, "name": call.name, "arguments": call.arguments}
            for call in message.tool_calls
        ]
        answer: dict[str, Any] = {"role": "assistant", "content": message.text}
        return {**answer, "tool_calls": calls} if calls else answer
    return {"role": "user", "content": _text(message.content)}


def _text(content: Iterable[UserContent]) -> str:
    parts = []
    for block in content:
        if not isinstance(block, Text):
            msg = f"The service takes text only, no {type(block).__name__.lower()}."
            raise InvalidRequest(msg)
        parts.append(block.text)
    return "\n".join(parts)
