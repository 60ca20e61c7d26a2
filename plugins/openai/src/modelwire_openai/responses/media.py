"""Images and files as parts of an item's content."""

from __future__ import annotations

from typing import Any

from modelwire.messages import File, Image
from modelwire_openai.media import IMAGES, data_url, file_name, media_kind, unfit_image

__all__ = ["file_part", "image_part"]


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
