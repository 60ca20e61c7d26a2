"""The tool sources of a runtime: listed for each run, and closed with the runtime."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from modelwire.tools import ToolLike, ToolSource

if TYPE_CHECKING:
    from modelwire.runtime.runtime import Runtime

__all__ = ["SourcesInUse", "expand_sources"]


class SourcesInUse:
    """The sources whose tools a runtime has listed."""

    def __init__(self) -> None:
        self._sources: dict[int, ToolSource] = {}

    def add(self, source: ToolSource) -> None:
        """Close a source together with the others."""
        self._sources[id(source)] = source

    async def aclose(self) -> None:
        """Close all of them, the newest first."""
        while self._sources:
            _, source = self._sources.popitem()
            await source.aclose()


async def expand_sources(runtime: Runtime, tools: Iterable[ToolLike]) -> list[ToolLike]:
    """The tools, with each source replaced by the tools that it lists.

    Args:
        runtime: The runtime that closes the sources.
        tools: Tools and sources.

    Raises:
        ModelwireError: A source cannot list its tools.
    """
    expanded: list[ToolLike] = []
    for each in tools:
        if isinstance(each, ToolSource):
            runtime._sources.add(each)  # noqa: SLF001 - within the same package
            expanded += await each.tools()
        else:
            expanded.append(each)
    return expanded
