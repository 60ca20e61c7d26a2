"""The id of a tool call in the Responses API: that of the call, and that of the item around it."""

from __future__ import annotations

__all__ = ["join_ids", "split_ids"]


def join_ids(call_id: str, item_id: str | None) -> str:
    """The id of a tool call: the service's id of the call, and that of the item which holds it."""
    return f"{call_id}|{item_id}" if item_id and item_id != call_id else call_id


def split_ids(joined: str) -> tuple[str, str | None]:
    """The two ids that `join_ids` joined; the second is `None` where there was none."""
    call_id, _, item_id = joined.partition("|")
    return (call_id, item_id or None) if call_id else (joined, None)
