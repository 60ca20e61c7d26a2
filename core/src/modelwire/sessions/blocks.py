"""Content blocks that pi does not know: their replacements for pi, and the blocks beside those.

pi knows text and images in messages of the user. It drops other blocks, or sends one
beside an image as an image, which no service accepts. So the message of an entry holds text in their
place, and the entry holds the blocks under a key of its own, by their position.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["restore_blocks", "split_blocks"]

_Json = dict[str, Any]

_KEY = "modelwire"
_BLOCKS = "blocks"


def split_blocks(message: Mapping[str, Any]) -> _Json:
    """The keys of an entry for a message, as JSON data, such that pi can read it."""
    content = list(message["content"])
    kept = {}
    for index, block in enumerate(content):
        replace = _REPLACED.get(block["type"])
        if replace is not None:
            kept[str(index)] = block
            content[index] = replace(block)
    if not kept:
        return {"message": message}
    return {"message": {**message, "content": content}, _KEY: {_BLOCKS: kept}}


def restore_blocks(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message of an entry, with the blocks that are stored beside it.

    A block is left out where the message now has other content in its place.
    """
    message: Mapping[str, Any] = entry["message"]
    beside = entry.get(_KEY)
    kept = beside.get(_BLOCKS) if isinstance(beside, Mapping) else None
    content = message.get("content")
    if not isinstance(kept, Mapping) or not isinstance(content, list):
        return message
    return {
        **message,
        "content": [_restored(kept.get(str(at)), block) for at, block in enumerate(content)],
    }


def _restored(kept: Any, block: Any) -> Any:
    replace = _REPLACED.get(str(kept.get("type"))) if isinstance(kept, Mapping) else None
    try:
        return kept if replace is not None and replace(kept) == block else block
    except (KeyError, TypeError):  # another program wrote it
        return block


def _text(text: str) -> _Json:
    return {"type": "text", "text": text}


def _file(block: Mapping[str, Any]) -> _Json:
    return _text(f"[file {block.get('name') or block['mimeType']}]")


def _media(block: Mapping[str, Any]) -> _Json:
    return _text(f"[file {block['url']}]")


def _result(block: Mapping[str, Any]) -> _Json:
    return _text("\n\n".join([f"{block['title']} ({block['source']})", *block["content"]]))


def _guarded(block: Mapping[str, Any]) -> _Json:
    content: _Json = block["content"]
    return content


_REPLACED: Mapping[str, Callable[[Mapping[str, Any]], _Json]] = {
    "file": _file,
    "mediaUrl": _media,
    "searchResult": _result,
    "guardContent": _guarded,
}
