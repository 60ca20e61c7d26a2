"""A request that is ready to be sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from modelwire.repair import Change

__all__ = ["ChatRequest"]


@frozen
class ChatRequest:
    """A request of Chat Completions.

    Attributes:
        payload: The body, as JSON data.
        changes: What it does not say as its caller said it, in order.
        tool_names: Names of tools on the wire that differ from the tools' own, and those.
    """

    payload: dict[str, Any] = field(repr=False)
    changes: tuple[Change, ...] = ()
    tool_names: Mapping[str, str] = field(factory=dict)
