"""Images and files as the OpenAI APIs take them: kinds, names and data."""

from __future__ import annotations

import base64
import mimetypes

from modelwire.errors import InvalidMessage, Problem
from modelwire.messages import File, Image
from modelwire.repair import clean_text

__all__ = ["IMAGES", "data_url", "file_name", "media_kind", "unfit_image"]

IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""The kinds of images that OpenAI takes."""

_MISSPELT = {"image/jpg": "image/jpeg"}


def media_kind(mime_type: str) -> str:
    """A media type without its parameters, in the spelling that services know."""
    kind = mime_type.partition(";")[0].strip().lower()
    return _MISSPELT.get(kind, kind)


def data_url(kind: str, data: bytes) -> str:
    """Data of a kind as a URL that holds them."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def file_name(file: File) -> str:
    """The name of a file, which the APIs want; one without gets the ending of its kind."""
    kind = media_kind(file.mime_type)
    return clean_text(file.name or f"file{mimetypes.guess_extension(kind) or ''}")


def unfit_image(image: Image, path: str, whose: str) -> InvalidMessage:
    """The error of an image of another kind than `IMAGES`.

    Args:
        image: The image.
        path: Its place, such as `messages[3].content[0]`.
        whose: The model or service that does not take it.
    """
    found = f"expected one of {', '.join(IMAGES)}; found {image.mime_type!r}"
    problem = Problem(f"{path}.mimeType", found)
    msg = f"{whose} does not take this kind of image."
    return InvalidMessage(msg, problems=[problem], hint="Convert it to PNG or JPEG.")
