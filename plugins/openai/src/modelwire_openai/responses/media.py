"""Images and files as parts of an item's content."""

from __future__ import annotations

import base64
import mimetypes
from typing import Any

from modelwire.errors import InvalidMessage, Problem
from modelwire.messages import File, Image

__all__ = ["file_part", "image_part"]

_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
_MISSPELT = {"image/jpg": "image/jpeg"}


def image_part(image: Image, path: str) -> dict[str, Any]:
    """Write an image as a part.

    Raises:
        InvalidMessage: The API does not take this kind of image; `path` says which it was.
    """
    kind = image.mime_type.partition(";")[0].strip().lower()
    kind = _MISSPELT.get(kind, kind)
    if kind not in _IMAGES:
        problem = Problem(
            f"{path}.mimeType", f"expected one of {', '.join(_IMAGES)}; found {image.mime_type!r}"
        )
        msg = "The Responses API does not take this kind of image."
        raise InvalidMessage(msg, problems=[problem], hint="Convert it to PNG or JPEG.")
    return {"type": "input_image", "detail": "auto", "image_url": _data_url(kind, image.data)}


def file_part(file: File) -> dict[str, Any]:
    """Write a document as a part; the service wants a name for it."""
    kind = file.mime_type.partition(";")[0].strip().lower()
    name = file.name or f"file{mimetypes.guess_extension(kind) or ''}"
    return {"type": "input_file", "filename": name, "file_data": _data_url(kind, file.data)}


def _data_url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
