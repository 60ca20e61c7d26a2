"""Images as content blocks."""

from __future__ import annotations

from typing import Any

from modelwire.errors import InvalidMessage, Problem
from modelwire.messages import Image

__all__ = ["IMAGE_OMITTED", "TOOL_IMAGE_OMITTED", "image_block"]

IMAGE_OMITTED = "(image omitted: model does not support images)"
TOOL_IMAGE_OMITTED = "(tool image omitted: model does not support images)"

_FORMATS = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/jpg": "jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
}
"""Media types, and the formats of the service's model."""


def image_block(image: Image, path: str) -> dict[str, Any]:
    """Write an image as a content block.

    Raises:
        InvalidMessage: The service does not take this kind of image; `path` says which it was.
    """
    kind = _FORMATS.get(image.mime_type.partition(";")[0].strip().lower())
    if kind is None:
        problem = Problem(
            f"{path}.mimeType", f"expected one of {', '.join(_FORMATS)}; found {image.mime_type!r}"
        )
        msg = "Amazon Bedrock does not take this kind of image."
        raise InvalidMessage(msg, problems=[problem], hint="Convert it to PNG or JPEG.")
    return {"image": {"format": kind, "source": {"bytes": bytes(image.data)}}}
