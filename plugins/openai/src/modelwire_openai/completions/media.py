"""Images, documents and sounds as parts of a message's content."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from modelwire.messages import File, Image
from modelwire.repair import clean_text
from modelwire_openai.completions.rendering import Rendering
from modelwire_openai.media import IMAGES, data_url, file_name, media_kind, unfit_image

__all__ = ["FILE_OMITTED", "IMAGE_OMITTED", "file_part", "image_part"]

IMAGE_OMITTED = "(image omitted: model does not support images)"
FILE_OMITTED = "({kind} omitted: this service does not take it)"

_SOUNDS: Mapping[str, str] = {
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/vnd.wave": "wav",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
}
_AS_TEXT = ("application/json", "application/xml", "application/yaml", "application/x-yaml")


def image_part(image: Image, path: str, rendering: Rendering) -> dict[str, Any]:
    """Write an image as a part.

    Raises:
        InvalidMessage: OpenAI does not take this kind of image.
    """
    if not rendering.takes_images:
        rendering.changes.rewritten(
            path, "The model does not take images; a placeholder replaces it."
        )
        return {"type": "text", "text": IMAGE_OMITTED}
    kind = media_kind(image.mime_type)
    if rendering.is_openai and kind not in IMAGES:
        raise unfit_image(image, path, "OpenAI")
    return {"type": "image_url", "image_url": {"url": data_url(kind, image.data)}}


def file_part(file: File, path: str, rendering: Rendering) -> dict[str, Any]:
    """Write a document or a sound as a part; what the service does not take becomes words."""
    kind = media_kind(file.mime_type)
    if kind.startswith("text/") or kind in _AS_TEXT:
        text = _text_of(file)
        if text is not None:
            rendering.changes.rewritten(path, "A file of text is sent as text.")
            return {"type": "text", "text": text}
    if file.kind == "audio" and rendering.compat.accepts_audio and kind in _SOUNDS:
        data = base64.b64encode(file.data).decode("ascii")
        return {"type": "input_audio", "input_audio": {"data": data, "format": _SOUNDS[kind]}}
    if file.kind == "document" and rendering.compat.accepts_files:
        data = data_url(kind, file.data)
        return {"type": "file", "file": {"filename": file_name(file), "file_data": data}}
    rendering.changes.rewritten(
        path, f"The service does not take {kind}; a placeholder replaces it."
    )
    return {"type": "text", "text": FILE_OMITTED.format(kind=file.kind)}


def _text_of(file: File) -> str | None:
    try:
        text = file.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return f"[{clean_text(file.name)}]\n{text}" if file.name else text
