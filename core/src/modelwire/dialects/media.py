"""Images and files in requests: data URLs, base64 and addresses."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from modelwire.dialects.fields import BadRequest
from modelwire.messages import File, Image, MediaUrl

__all__ = ["decode_base64", "media_of", "media_of_url"]

_DATA_URL: Final = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[\w=.+-]+)*;base64,", re.ASCII)
_BY_ENDING: Final = {
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "pdf": "application/pdf",
    "png": "image/png",
    "webp": "image/webp",
}


def decode_base64(text: str, place: str) -> bytes:
    """Decode base64.

    Raises:
        BadRequest: It is not base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        msg = f"{place} is not valid base64."
        raise BadRequest(msg, param=place) from error


def media_of(data: bytes, mime_type: str, name: str | None = None) -> Image | File:
    """Make an image or a file from bytes, by their media type."""
    if mime_type.startswith("image/"):
        return Image(data, mime_type)
    return File(data, mime_type, name)


def media_of_url(
    url: str, place: str, *, name: str | None = None, mime_type: str | None = None
) -> Image | File | MediaUrl:
    """Make an image or a file from a data URL, or leave an address to the provider.

    Nothing is fetched: that would let callers reach hosts that only the server can reach.

    Raises:
        BadRequest: It is neither a data URL nor an address.
    """
    found = _DATA_URL.match(url)
    if found is not None:
        return media_of(decode_base64(url[found.end() :], place), found[1].lower(), name)
    if not url.lower().startswith(("https://", "http://", "s3://")):
        msg = f"{place} must be a data URL with base64, or an address with https or s3."
        raise BadRequest(msg, param=place)
    ending = url.partition("?")[0].rpartition(".")[2].lower()
    kind = mime_type or _BY_ENDING.get(ending, "image/jpeg")
    return MediaUrl(url, kind, name)
