"""A request that is ready to be sent, and the other form it may have to take."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from modelwire.repair import Change

__all__ = ["ResponsesRequest"]


@frozen
class ResponsesRequest:
    """A request for the Responses API.

    Attributes:
        payload: The body, as JSON data.
        changes: What is not sent as it was said, and why.
        tool_names: Names of tools on the wire that had to change, and the tools' own.
    """

    payload: dict[str, Any] = field(repr=False)
    changes: tuple[Change, ...] = ()
    tool_names: dict[str, str] = field(factory=dict)

    @property
    def has_item_ids(self) -> bool:
        """Whether anything goes back under an id of the service, or as its reasoning."""
        return any(
            "id" in item or item.get("type") == "reasoning" for item in self.payload["input"]
        )
