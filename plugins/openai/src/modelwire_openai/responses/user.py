"""User messages and tool results as input items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelwire.messages import File, Image, MediaUrl, Text, ToolResultMessage, UserContent
from modelwire.repair import NO_RESULT, plain_block, text_of
from modelwire_openai.media import (
    IMAGES,
    data_url,
    file_name,
    media_kind,
    unfit_image,
)
from modelwire_openai.responses.rendering import Rendering

__all__ = [
    "NO_OUTPUT",
    "file_part",
    "image_part",
    "missing_result",
    "render_user",
    "result_item",
    "user_item",
]


def image_part(image: Image, path: str) -> dict[str, Any]:
    """Write an image as a part.

    Raises:
        InvalidMessage: The API does not take this kind of image; `path` says which it was.
    """
    kind = media_kind(image.mime_type)
    if kind not in IMAGES:
        raise unfit_image(image, path, "The Responses API")
    return {"type": "input_image", "detail": "auto", "image_url": data_url(kind, image.data)}


def file_part(file: File) -> dict[str, Any]:
    """Write a document as a part; the service wants a name for it."""
    data = data_url(media_kind(file.mime_type), file.data)
    return {"type": "input_file", "filename": file_name(file), "file_data": data}


NO_OUTPUT = "(no output)"
_FAILED = "The tool failed:"
_IMAGE_OMITTED = "(image omitted: model does not support images)"
_FILE_OMITTED = "({kind} omitted: this API does not take it)"


def render_user(
    content: Sequence[UserContent], path: str, rendering: Rendering
) -> list[dict[str, Any]]:
    """Write text, images and files as parts, without the blank and the empty ones.

    Raises:
        InvalidMessage: An image is of a kind that the API does not take.
    """
    parts: list[dict[str, Any]] = []
    for index, block in enumerate(content):
        place = f"{path}.content[{index}]"
        part = _fetched(block, rendering) or _plain(block, place, rendering)
        # One placeholder is enough.
        if part is not None and not (_is_placeholder(part) and parts[-1:] == [part]):
            parts.append(part)
    return parts


def _fetched(block: UserContent, rendering: Rendering) -> dict[str, Any] | None:
    """Write media that the service fetches itself."""
    if not isinstance(block, MediaUrl) or not block.is_web:
        return None
    if block.kind == "image" and rendering.takes_images:
        return {"type": "input_image", "detail": "auto", "image_url": block.url}
    if block.kind == "document" and not (block.citations or block.context):
        return {"type": "input_file", "file_url": block.url}
    return None


def _plain(block: UserContent, path: str, rendering: Rendering) -> dict[str, Any] | None:
    match plain_block(block, path, rendering.changes):
        case None:
            return None
        case Text() as text:
            return _text(text, path, rendering)
        case Image() as image:
            return _image(image, path, rendering)
        case file:
            return _file(file, path, rendering)


def user_item(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The user's input as an item."""
    return {"role": "user", "content": parts}


def result_item(
    message: ToolResultMessage, call_id: str, path: str, rendering: Rendering
) -> dict[str, Any]:
    """Write a tool's result as an item: one string where it is only text.

    Raises:
        InvalidMessage: An image is of a kind that the API does not take.
    """
    parts = render_user(message.content, path, rendering)
    if not parts:
        rendering.changes.added(path, f"The result is empty; it says {NO_OUTPUT!r}.")
        parts = [_part(NO_OUTPUT)]
    if message.is_error:
        rendering.changes.rewritten(
            path, "A result has no status here; its text says that it failed."
        )
        parts = [_part(_FAILED), *parts]
    return _output(call_id, parts)


def missing_result(call_id: str) -> dict[str, Any]:
    """Write the result of a call that never got one; without it the request is refused."""
    return _output(call_id, [_part(NO_RESULT)])


def _output(call_id: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    only_text = all(part["type"] == "input_text" for part in parts)
    output = "\n".join(part["text"] for part in parts) if only_text else parts
    return {"type": "function_call_output", "call_id": call_id, "output": output}


def _part(text: str) -> dict[str, Any]:
    return {"type": "input_text", "text": text}


def _is_placeholder(part: dict[str, Any]) -> bool:
    return part.get("text") == _IMAGE_OMITTED


def _text(block: Text, path: str, rendering: Rendering) -> dict[str, Any] | None:
    text = text_of(block, path, rendering.changes, blank="Blank text says nothing.")
    return None if text is None else _part(text)


def _image(image: Image, path: str, rendering: Rendering) -> dict[str, Any]:
    if not rendering.takes_images:
        rendering.changes.rewritten(
            path, "The model does not take images; a placeholder replaces it."
        )
        return _part(_IMAGE_OMITTED)
    return image_part(image, path)


def _file(file: File, path: str, rendering: Rendering) -> dict[str, Any]:
    if file.kind != "document":
        rendering.changes.rewritten(
            path, f"This API takes no {file.kind}; a placeholder replaces it."
        )
        return _part(_FILE_OMITTED.format(kind=file.kind))
    return file_part(file)
