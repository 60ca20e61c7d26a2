"""What users and tools said, as content of a message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from modelwire.messages import Image, Text, ToolResultMessage, UserContent
from modelwire.repair import NO_RESULT, text_of
from modelwire_openai.completions.media import file_part, image_part
from modelwire_openai.completions.rendering import Conversing

__all__ = ["BLANK", "IMAGES_FOLLOW", "Result", "content_of", "missing_result", "result_of", "say"]

NO_OUTPUT = "(no output)"
BLANK = "Blank text says nothing, and some services refuse it."
IMAGES_FOLLOW = "Attached image(s) from tool result:"
_SEE_IMAGE = "(see attached image)"

Part = dict[str, Any]


@frozen
class Result:
    """A tool's result.

    Attributes:
        message: The message of the role `tool`.
        beside: Parts that may not stand in it, for the user's turn behind it.
    """

    message: dict[str, Any]
    beside: Sequence[Part] = ()


def say(content: Sequence[UserContent], path: str, to: Conversing) -> list[Part]:
    """Write text, images and files as parts, without the blank and the empty ones.

    Raises:
        InvalidMessage: An image is of a kind that OpenAI does not take.
    """
    parts: list[Part] = []
    for index, block in enumerate(content):
        place = f"{path}.content[{index}]"
        part: Part | None
        if isinstance(block, Text):
            part = _text(block, place, to)
        elif not block.data:
            to.changes.dropped(place, "It has no data.")
            part = None
        elif isinstance(block, Image):
            part = image_part(block, place, to)
        else:
            part = file_part(block, place, to)
        # One placeholder tells as much as many.
        if part is not None and not (parts[-1:] == [part] and not isinstance(block, Text)):
            parts.append(part)
    return parts


def content_of(parts: Sequence[Part], to: Conversing) -> str | list[Part]:
    """Parts as a message's content: a string where there is one text, or where all must be one."""
    texts = [part["text"] for part in parts if part["type"] == "text"]
    if len(texts) == len(parts) and (len(texts) == 1 or to.compat.requires_string_content):
        return "\n".join(texts)
    return list(parts)


def result_of(message: ToolResultMessage, wire_id: str, path: str, to: Conversing) -> Result:
    """Write a tool's result: text only, since this API takes nothing else from a tool.

    Raises:
        InvalidMessage: An image is of a kind that OpenAI does not take.
    """
    parts = say(message.content, path, to)
    texts = [part["text"] for part in parts if part["type"] == "text"]
    beside = [part for part in parts if part["type"] != "text"]
    if beside:
        to.changes.note("moved", path, "A tool's result is text; what else it holds follows it.")
        texts = texts or [_SEE_IMAGE]
    if not texts:
        to.changes.added(path, f"The result is empty; it says {NO_OUTPUT!r}.")
        texts = [NO_OUTPUT]
    said = "\n".join(texts)
    return Result(_message(message.tool_name, wire_id, said, to), beside)


def missing_result(name: str, wire_id: str, to: Conversing) -> Result:
    """Write the result of a call that never got one."""
    return Result(_message(name, wire_id, NO_RESULT, to))


def _message(name: str, wire_id: str, text: str, to: Conversing) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "tool", "content": text, "tool_call_id": wire_id}
    if to.compat.requires_tool_result_name:
        message["name"] = to.names.wire(name)
    return message


def _text(block: Text, path: str, to: Conversing) -> Part | None:
    text = text_of(block, path, to.changes, blank=BLANK)
    return None if text is None else {"type": "text", "text": text}
