"""User messages and tool results of Chat Completions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from modelwire.messages import Image, MediaUrl, Text, ToolResultMessage, UserContent
from modelwire.repair import NO_RESULT, plain_block, text_of
from modelwire_openai.completions.media import file_part, image_part
from modelwire_openai.completions.rendering import Rendering

__all__ = [
    "BLANK",
    "IMAGES_FOLLOW",
    "ToolResultParts",
    "content_of",
    "missing_result",
    "render_user",
    "result_of",
]

NO_OUTPUT = "(no output)"
BLANK = "Blank text says nothing, and some services refuse it."
IMAGES_FOLLOW = "Attached image(s) from tool result:"
_SEE_IMAGE = "(see attached image)"

Part = dict[str, Any]


@frozen
class ToolResultParts:
    """A tool's result.

    Attributes:
        message: The message of the role `tool`.
        beside: Parts that it may not hold, for the user's turn after it.
    """

    message: dict[str, Any]
    beside: Sequence[Part] = ()


def render_user(content: Sequence[UserContent], path: str, rendering: Rendering) -> list[Part]:
    """Write text, images and files as parts, without the blank and the empty ones.

    Raises:
        InvalidMessage: An image is of a kind that OpenAI does not take.
    """
    parts: list[Part] = []
    for index, block in enumerate(content):
        place = f"{path}.content[{index}]"
        part = _fetched(block, rendering) or _plain(block, place, rendering)
        # One placeholder is enough.
        if part is not None and not (parts[-1:] == [part] and not isinstance(block, Text)):
            parts.append(part)
    return parts


def _fetched(block: UserContent, rendering: Rendering) -> Part | None:
    """Write an image that the service fetches itself."""
    if not isinstance(block, MediaUrl) or block.kind != "image" or not rendering.takes_images:
        return None
    return {"type": "image_url", "image_url": {"url": block.url}} if block.is_web else None


def _plain(block: UserContent, path: str, rendering: Rendering) -> Part | None:
    match plain_block(block, path, rendering.changes):
        case None:
            return None
        case Text() as text:
            return _text(text, path, rendering)
        case Image() as image:
            return image_part(image, path, rendering)
        case file:
            return file_part(file, path, rendering)


def content_of(parts: Sequence[Part], rendering: Rendering) -> str | list[Part]:
    """Parts as a message's content: a string where there is one text, or where all must be one."""
    texts = [part["text"] for part in parts if part["type"] == "text"]
    if len(texts) == len(parts) and (len(texts) == 1 or rendering.compat.requires_string_content):
        return "\n".join(texts)
    return list(parts)


def result_of(
    message: ToolResultMessage, wire_id: str, path: str, rendering: Rendering
) -> ToolResultParts:
    """Write a tool's result: text only, since this API takes nothing else from a tool.

    Raises:
        InvalidMessage: An image is of a kind that OpenAI does not take.
    """
    parts = render_user(message.content, path, rendering)
    texts = [part["text"] for part in parts if part["type"] == "text"]
    beside = [part for part in parts if part["type"] != "text"]
    if beside:
        rendering.changes.note(
            "moved", path, "A tool's result is text; what else it holds follows it."
        )
        texts = texts or [_SEE_IMAGE]
    if not texts:
        rendering.changes.added(path, f"The result is empty; it says {NO_OUTPUT!r}.")
        texts = [NO_OUTPUT]
    text = "\n".join(texts)
    return ToolResultParts(_message(message.tool_name, wire_id, text, rendering), beside)


def missing_result(name: str, wire_id: str, rendering: Rendering) -> ToolResultParts:
    """Write the result of a call that never got one."""
    return ToolResultParts(_message(name, wire_id, NO_RESULT, rendering))


def _message(name: str, wire_id: str, text: str, rendering: Rendering) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "tool", "content": text, "tool_call_id": wire_id}
    if rendering.compat.requires_tool_result_name:
        message["name"] = rendering.names.wire(name)
    return message


def _text(block: Text, path: str, rendering: Rendering) -> Part | None:
    text = text_of(block, path, rendering.changes, blank=BLANK)
    return None if text is None else {"type": "text", "text": text}
