"""Media that Strands' messages have in S3, as Converse names their places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from modelwire.errors import InvalidMessage

__all__ = ["with_s3_locations"]

_MEDIA: Final = ("image", "document", "video", "audio")


def with_s3_locations(messages: Iterable[Mapping[str, Any]]) -> list[Any]:
    """The messages with `s3Location` where Strands has `location`; what needs no change is not copied.

    Raises:
        InvalidMessage: A location is not in S3; its place is named.
    """
    return [
        {**message, "content": _blocks(message["content"], f"messages[{at}].content")}
        if isinstance(message.get("content"), list)
        else message
        for at, message in enumerate(messages)
    ]


def _blocks(blocks: list[Any], place: str) -> list[Any]:
    return [_block(block, f"{place}[{at}]") for at, block in enumerate(blocks)]


def _block(block: Any, place: str) -> Any:
    if not isinstance(block, Mapping):
        return block
    result = block.get("toolResult")
    if isinstance(result, Mapping) and isinstance(result.get("content"), list):
        content = _blocks(result["content"], f"{place}.toolResult.content")
        return {**block, "toolResult": {**result, "content": content}}
    for kind in _MEDIA:
        media = block.get(kind)
        if isinstance(media, Mapping) and "location" in (media.get("source") or ()):
            source = _source(media["source"], f"{place}.{kind}.source")
            return {**block, kind: {**media, "source": source}}
    return block


def _source(source: Mapping[str, Any], place: str) -> dict[str, Any]:
    location = source["location"]
    kind = location.get("type", "s3") if isinstance(location, Mapping) else None
    if kind != "s3":
        msg = f"{place}.location must be in S3, with the type 's3'."
        raise InvalidMessage(msg)
    in_s3 = {name: value for name, value in location.items() if name != "type"}
    return {"s3Location": in_s3}
