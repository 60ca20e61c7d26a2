"""What users and tools said, as content blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define, field

from modelwire.messages import Image, Text, ToolResultMessage, UserContent
from modelwire_bedrock.requests.conversing import Conversing
from modelwire_bedrock.requests.images import IMAGE_OMITTED, TOOL_IMAGE_OMITTED, image_block
from modelwire_bedrock.requests.text import clean_text, is_blank

__all__ = ["Result", "missing_result", "result_of", "say"]

NO_OUTPUT = "(no output)"
NO_RESULT = "No result provided"


@define
class Result:
    """A tool's result as content blocks.

    Attributes:
        blocks: The result itself.
        beside: What stands in the user's turn because it may not stand in the result.
    """

    blocks: list[dict[str, Any]]
    beside: list[dict[str, Any]] = field(factory=list)


def say(
    content: Sequence[UserContent], path: str, to: Conversing, *, omitted: str = IMAGE_OMITTED
) -> list[dict[str, Any]]:
    """Write text and images as content blocks, without the blank and the empty ones.

    Raises:
        InvalidMessage: An image is of a kind that the service does not take.
    """
    blocks: list[dict[str, Any]] = []
    for index, block in enumerate(content):
        place = f"{path}.content[{index}]"
        if isinstance(block, Image):
            written = _image(block, place, to, omitted)
            # One placeholder tells as much as many.
            if written is not None and not (
                written.get("text") == omitted and blocks[-1:] == [written]
            ):
                blocks.append(written)
        elif (text := _text(block, place, to)) is not None:
            blocks.append(text)
    return blocks


def _text(block: Text, path: str, to: Conversing) -> dict[str, Any] | None:
    text = clean_text(block.text)
    if text != block.text:
        to.changes.rewritten(path, "Unpaired surrogates are not text.")
    if is_blank(text):
        to.changes.dropped(path, "The service refuses blank text.")
        return None
    return {"text": text}


def _image(image: Image, path: str, to: Conversing, omitted: str) -> dict[str, Any] | None:
    if not image.data:
        to.changes.dropped(path, "The image has no data.")
        return None
    if not to.takes_images:
        to.changes.rewritten(path, "The model does not take images; a placeholder stands for it.")
        return {"text": omitted}
    return image_block(image, path)


def result_of(message: ToolResultMessage, wire_id: str, path: str, to: Conversing) -> Result:
    """Write a tool's result.

    Raises:
        InvalidMessage: An image is of a kind that the service does not take.
    """
    content = say(message.content, path, to, omitted=TOOL_IMAGE_OMITTED)
    if not content:
        to.changes.added(path, f"The result is empty; it says {NO_OUTPUT!r}.")
        content = [{"text": NO_OUTPUT}]
    if not to.tool_blocks:
        to.changes.rewritten(
            path, "Without tools the service refuses tool results; it is told as text."
        )
        return Result([_told(message.tool_name, failed=message.is_error), *content])
    content, beside = _place_images(content, wire_id, path, to, failed=message.is_error)
    return Result([_result(wire_id, content, to, failed=message.is_error, path=path)], beside)


def missing_result(name: str, wire_id: str, path: str, to: Conversing) -> Result:
    """Write the result of a call that never got one, as that of a tool that failed."""
    to.changes.added(path, f"The call has no result; one that says {NO_RESULT!r} is added.")
    content = [{"text": NO_RESULT}]
    if not to.tool_blocks:
        return Result([_told(name, failed=True), *content])
    return Result([_result(wire_id, content, to, failed=True, path=path)])


def _told(name: str, *, failed: bool) -> dict[str, Any]:
    return {"text": f"[Tool result: {clean_text(name)}{' (error)' if failed else ''}]:"}


def _place_images(
    content: list[dict[str, Any]], wire_id: str, path: str, to: Conversing, *, failed: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Put images beside the result where the family does not take them inside."""
    family = to.family
    inside = family.result_images and (family.failed_result_images or not failed)
    images = [block for block in content if "image" in block]
    if inside or not images:
        return content, []
    label = f"Images from tool result {wire_id}:"
    to.changes.note(
        "moved", path, f"{family.key} takes no images in this tool result; they follow it."
    )
    kept = [block for block in content if "image" not in block]
    kept.append({"text": f'(see attached images labeled "{label}")'})
    return kept, [{"text": label}, *images]


def _result(
    wire_id: str, content: list[dict[str, Any]], to: Conversing, *, failed: bool, path: str
) -> dict[str, Any]:
    result: dict[str, Any] = {"toolUseId": wire_id, "content": content}
    if to.family.result_status:
        result["status"] = "error" if failed else "success"
    elif failed:
        to.changes.rewritten(
            path, f"{to.family.key} takes no status; the text says that the tool failed."
        )
        result["content"] = [{"text": "The tool failed:"}, *content]
    return {"toolResult": result}
