"""LangChain's standard content blocks, as what modelwire's messages hold."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from mimetypes import guess_type
from typing import Any

from modelwire.errors import InvalidMessage
from modelwire.messages import File, Image, MediaUrl, Text, UserContent

__all__ = ["unsendable_message", "user_content"]

_MEDIA = {
    "audio": "audio/wav",
    "file": "application/pdf",
    "image": "image/jpeg",
    "video": "video/mp4",
}
"""Blocks with data or an address, and the type of those that do not say theirs."""


def user_content(blocks: Iterable[Mapping[str, Any]], place: str) -> list[UserContent]:
    """The content of a message of the user or of a tool.

    Args:
        blocks: Its standard blocks.
        place: Where the message is, for errors.

    Raises:
        InvalidMessage: A block has a type that no model accepts, or is empty.
    """
    return [_part(block, f"{place}, block {at}") for at, block in enumerate(blocks)]


def _part(block: Mapping[str, Any], place: str) -> UserContent:
    kind = block.get("type")
    if kind == "text":
        return Text(block["text"])
    if kind == "text-plain":
        if "text" in block:
            return Text(block["text"])
        return _media({"mime_type": "text/plain", **block}, "file", place)
    if kind in _MEDIA:
        return _media(block, kind, place)
    raise unsendable_message(f"{place}: blocks of the type {kind!r} are not sent to models.")


def _media(block: Mapping[str, Any], kind: str, place: str) -> File | Image | MediaUrl:
    extras = block.get("extras") or {}
    name = extras.get("filename") or extras.get("name") or block.get("title")
    if "base64" in block:
        mime_type = block.get("mime_type") or _MEDIA[kind]
        try:
            data = base64.b64decode(block["base64"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise unsendable_message(f"{place}: its base64 cannot be read: {error}.") from error
        return Image(data, mime_type) if kind == "image" else File(data, mime_type, name)
    if "url" in block:
        guessed = guess_type(block["url"].partition("?")[0])[0]
        return MediaUrl(block["url"], block.get("mime_type") or guessed or _MEDIA[kind], name)
    raise unsendable_message(
        f"{place}: give its content as base64 or url; file ids belong to one service."
    )


def unsendable_message(message: str) -> InvalidMessage:
    """The error of a message that cannot be sent."""
    return InvalidMessage(message)
