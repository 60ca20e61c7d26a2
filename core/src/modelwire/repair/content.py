"""Repair of content: blocks that an API lacks, in the nearest form that it has."""

from __future__ import annotations

from attrs import evolve

from modelwire.messages import File, GuardContent, Image, MediaUrl, SearchResult, Text, UserContent
from modelwire.repair.changes import Changes

__all__ = ["plain_block"]


def plain_block(
    block: UserContent, path: str, changes: Changes, *, cited: bool = False
) -> Text | Image | File | None:
    """A block as text, an image or a file, which every API knows; the losses are recorded.

    Guarded content loses its guard, a search result becomes text, and a placeholder replaces media
    that the service would have to fetch. An image or a file without data, which services refuse, is
    dropped.

    Args:
        block: The block.
        path: Its place, such as `messages[3].content[0]`.
        changes: The record of changes.
        cited: Whether the caller sends a file's citation setting and context; else these
            are dropped.
    """
    match block:
        case GuardContent():
            changes.rewritten(path, "The API has no guarded content; it is sent as plain content.")
            return plain_block(block.content, path, changes)
        case SearchResult():
            changes.rewritten(path, "The API has no search results; it is sent as text.")
            return Text("\n".join([block.title, block.source, "", *block.content]))
        case MediaUrl():
            scheme = block.url.partition(":")[0]
            changes.rewritten(
                path, f"The service does not fetch this {block.kind} from {scheme!r}."
            )
            return Text(f"({block.kind} omitted: the service cannot fetch it)")
        case Image() | File() if not block.data:
            changes.dropped(
                path, f"The {'image' if isinstance(block, Image) else 'file'} has no data."
            )
            return None
        case File() if not cited:
            if block.citations:
                changes.dropped(f"{path}.citations", "The API does not cite documents.")
            if block.context is not None:
                changes.dropped(f"{path}.context", "The API has no context of documents.")
            return evolve(block, citations=None, context=None)
        case _:
            return block
