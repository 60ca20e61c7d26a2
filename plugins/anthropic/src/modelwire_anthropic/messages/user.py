"""User messages and tool results as content blocks."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from modelwire.errors import InvalidMessage, Problem
from modelwire.messages import (
    File,
    Image,
    MediaUrl,
    SearchResult,
    Text,
    ToolResultMessage,
    UserContent,
)
from modelwire.repair import NO_RESULT, clean_text, is_blank, plain_block, text_of
from modelwire_anthropic.messages.rendering import Rendering

__all__ = ["BLANK", "missing_result", "render_user", "result_of", "text_block"]

BLANK = "The service refuses blank text."
NO_OUTPUT = "(no output)"
OMITTED = "({kind} omitted: the model does not take it)"

_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_MISSPELT = {"image/jpg": "image/jpeg"}
_AS_TEXT = ("application/json", "application/xml", "application/yaml", "application/x-yaml")

_Block = dict[str, Any]


def text_block(block: Text, path: str, rendering: Rendering) -> _Block | None:
    """Write text; blank text, which the service refuses, is left out."""
    text = text_of(block, path, rendering.changes, blank=BLANK)
    return None if text is None else {"type": "text", "text": text}


def render_user(content: Sequence[UserContent], path: str, rendering: Rendering) -> list[_Block]:
    """Write text, images and files, without the blank and the empty ones.

    Raises:
        InvalidMessage: An image is of a kind that the service does not take.
    """
    written: list[_Block] = []
    for index, block in enumerate(content):
        place = f"{path}.content[{index}]"
        made = _own_block(block, rendering) or _plain(block, place, rendering)
        if made is not None:
            written.append(made)
    return written


def _own_block(block: UserContent, rendering: Rendering) -> _Block | None:
    """Write a block that the API has beside text, images and files."""
    if isinstance(block, SearchResult):
        rendering.sources["search_result"].append(bool(block.citations))
        return {
            "type": "search_result",
            "source": clean_text(block.source),
            "title": clean_text(block.title),
            "content": [{"type": "text", "text": clean_text(text)} for text in block.content],
            "citations": {"enabled": bool(block.citations)},
        }
    if not isinstance(block, MediaUrl) or not block.is_web:
        return None
    source = {"type": "url", "url": block.url}
    kind = _kind(block.mime_type)
    if kind in _IMAGES and rendering.takes("image"):
        return {"type": "image", "source": source}
    if kind == "application/pdf" and rendering.takes("document"):
        return _document(source, block, rendering)
    return None


def _plain(block: UserContent, path: str, rendering: Rendering) -> _Block | None:
    match plain_block(block, path, rendering.changes, cited=True):
        case None:
            return None
        case Text() as text:
            return text_block(text, path, rendering)
        case Image() as image:
            return _image(image, path, rendering)
        case file:
            return _file(file, path, rendering)


def result_of(message: ToolResultMessage, wire_id: str, path: str, rendering: Rendering) -> _Block:
    """Write a tool's result.

    Raises:
        InvalidMessage: An image is of a kind that the service does not take.
    """
    content = render_user(message.content, path, rendering)
    if not content:
        rendering.changes.added(path, f"The result is empty; it says {NO_OUTPUT!r}.")
        content = [{"type": "text", "text": NO_OUTPUT}]
    return _result(wire_id, content, is_error=message.is_error)


def missing_result(wire_id: str) -> _Block:
    """Write the result of a call that never got one."""
    return _result(wire_id, [{"type": "text", "text": NO_RESULT}], is_error=True)


def _result(wire_id: str, content: list[_Block], *, is_error: bool) -> _Block:
    result: _Block = {"type": "tool_result", "tool_use_id": wire_id, "content": content}
    if is_error:
        result["is_error"] = True
    return result


def _image(image: Image, path: str, rendering: Rendering) -> _Block:
    if not rendering.takes("image"):
        rendering.changes.rewritten(
            path, "The model does not take images; a placeholder replaces it."
        )
        return {"type": "text", "text": OMITTED.format(kind="image")}
    kind = _kind(image.mime_type)
    if kind not in _IMAGES:
        found = f"expected one of {', '.join(_IMAGES)}; found {image.mime_type!r}"
        msg = "The Messages API does not take this kind of image."
        problem = Problem(f"{path}.mimeType", found)
        raise InvalidMessage(msg, problems=[problem], hint="Convert it to PNG or JPEG.")
    return {"type": "image", "source": _base64(kind, image.data)}


def _file(file: File, path: str, rendering: Rendering) -> _Block:
    """Write a document: a PDF unchanged, text as text; other files become a placeholder."""
    kind = _kind(file.mime_type)
    source: _Block | None = None
    if kind == "application/pdf" and rendering.takes("document"):
        source = _base64(kind, file.data)
    elif kind.startswith("text/") or kind in _AS_TEXT:
        try:
            text = clean_text(file.data.decode("utf-8-sig"))
        except UnicodeDecodeError:
            text = ""
        if not is_blank(text):
            source = {"type": "text", "media_type": "text/plain", "data": text}
    if source is None:
        rendering.changes.rewritten(
            path, f"The model does not take {kind}; a placeholder replaces it."
        )
        return {"type": "text", "text": OMITTED.format(kind=file.kind)}
    return _document(source, file, rendering)


def _document(source: _Block, file: File | MediaUrl, rendering: Rendering) -> _Block:
    document: _Block = {"type": "document", "source": source}
    if file.name and not is_blank(title := clean_text(file.name)):
        document["title"] = title
    if file.context and not is_blank(context := clean_text(file.context)):
        document["context"] = context
    if file.citations:
        document["citations"] = {"enabled": True}
    rendering.sources["document"].append(bool(file.citations))
    return document


def _base64(kind: str, data: bytes) -> _Block:
    return {"type": "base64", "media_type": kind, "data": base64.b64encode(data).decode("ascii")}


def _kind(mime_type: str) -> str:
    kind = mime_type.partition(";")[0].strip().lower()
    return _MISSPELT.get(kind, kind)
