"""What the scripted provider says, before it is written on any wire."""

from __future__ import annotations

import json
from collections.abc import Iterable

from attrs import field, frozen

from modelwire.messages import AssistantContent, StopReason, Text, ToolCall, Usage

__all__ = ["Answer", "fragments", "pieces"]


def _blocks(content: str | Iterable[AssistantContent]) -> tuple[AssistantContent, ...]:
    return (Text(content),) if isinstance(content, str) else tuple(content)


@frozen
class Answer:
    """One answer of a model, in the terms of messages. A wire writes it in those of a protocol.

    Attributes:
        content: Text, thinking and tool calls, in order; a string is one text.
        usage: The tokens, in the four counters that do not overlap.
        stop_reason: Why it ends: `STOP`, `LENGTH` or `TOOL_USE`.
        response_id: The provider's id of the answer.
        model: The id of the model that was asked.
    """

    content: tuple[AssistantContent, ...] = field(converter=_blocks)
    usage: Usage = field(factory=lambda: Usage(input=17, output=23))
    stop_reason: StopReason = StopReason.STOP
    response_id: str = "response-1"
    model: str = "kit-model"


def pieces(text: str, *, size: int = 4) -> list[str]:
    """Cut a text into pieces of `size` characters, as a provider would send it."""
    return [text[at : at + size] for at in range(0, len(text), size)]


def fragments(call: ToolCall) -> list[str]:
    """The arguments of a tool call as JSON, in pieces that are no JSON by themselves."""
    return pieces(json.dumps(call.arguments, ensure_ascii=False), size=7)
