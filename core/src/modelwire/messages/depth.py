"""The nesting limit of the data in a message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import evolve

from modelwire.messages.content import ToolCall
from modelwire.messages.message import (
    AssistantMessage,
    Context,
    Message,
    ToolResultMessage,
    UserMessage,
)
from modelwire.structuring import MAX_DEPTH, is_deep

__all__ = ["MESSAGE_DEPTH", "deep_parts", "deep_parts_of_context", "without_deep_parts"]

MESSAGE_DEPTH = MAX_DEPTH + 3
"""The nesting levels of a message as JSON: those of a call's arguments, and those around them."""

_DIAGNOSTIC_DEPTH = MESSAGE_DEPTH - 2
_DETAILS_DEPTH = MESSAGE_DEPTH - 1


def deep_parts(message: Message) -> Iterator[str]:
    """The places in a message whose data is nested too deep, such as `content[0].arguments`."""
    if isinstance(message, AssistantMessage):
        for index, block in enumerate(message.content):
            if isinstance(block, ToolCall) and is_deep(block.arguments):
                yield f"content[{index}].arguments"
        for index, diagnostic in enumerate(message.diagnostics or ()):
            if is_deep(diagnostic, _DIAGNOSTIC_DEPTH):
                yield f"diagnostics[{index}]"
    elif isinstance(message, ToolResultMessage) and is_deep(message.details, _DETAILS_DEPTH):
        yield "details"


def deep_parts_of_context(context: Context) -> Iterator[str]:
    """The places in a context, as `messages[3].content[0].arguments` and `tools[0].parameters`."""
    for index, message in enumerate(context.messages):
        yield from (f"messages[{index}].{part}" for part in deep_parts(message))
    for index, tool in enumerate(context.tools):
        if is_deep(tool.parameters):
            yield f"tools[{index}].parameters"


def without_deep_parts(message: Message) -> Message:
    """A message in which empty arguments and details replace those that are nested too deep.

    Diagnostics that are nested too deep are left out.
    """
    if isinstance(message, UserMessage):
        return message
    if isinstance(message, ToolResultMessage):
        return evolve(message, details=None)
    content: list[Any] = [  # mypy cannot solve the type variable of the field's converter
        evolve(block, arguments={})
        if isinstance(block, ToolCall) and is_deep(block.arguments)
        else block
        for block in message.content
    ]
    return evolve(
        message,
        content=content,
        diagnostics=[d for d in message.diagnostics or () if not is_deep(d, _DIAGNOSTIC_DEPTH)],
    )
