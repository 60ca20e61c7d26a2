"""The memory of tools: what was found out about a tool, while it lives and is not changed.

The same tools come with each turn of a conversation, and to look through a schema takes longer than
all else that is done for a turn. Tools may be changed, so they are compared with what they were.
"""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import ref

if TYPE_CHECKING:
    from modelwire.messages.message import Tool

__all__ = ["ToolMemory"]

T = TypeVar("T")
_FORM = 2
"""The last version of `marshal` in which equal values have equal bytes."""


class ToolMemory(Generic[T]):
    """Keeps one thing for each tool. It does not keep the tool."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[ref[Tool], bytes, T]] = {}

    def get(self, tool: Tool) -> T | None:
        """What is kept for a tool, or `None` where it was changed since then."""
        kept = self._kept.get(id(tool))
        if kept is None or kept[0]() is not tool or kept[1] != _print(tool):
            return None
        return kept[2]

    def keep(self, tool: Tool, found: T) -> None:
        """Keep something for a tool; nothing is kept for one that holds what is not JSON."""
        printed = _print(tool)
        if printed is not None:
            key, kept = id(tool), self._kept

            def forget(gone: ref[Tool]) -> None:
                # Another tool may have the id by now.
                entry = kept.get(key)
                if entry is not None and entry[0] is gone:
                    kept.pop(key, None)

            kept[key] = (ref(tool, forget), printed, found)


def _print(tool: Tool) -> bytes | None:
    """The bytes of all that a tool says; they differ for values that are equal but of another type."""
    try:
        fields = (tool.name, tool.description, tool.parameters, tool.strict)
        return marshal.dumps(fields, _FORM)
    except ValueError:
        return None
