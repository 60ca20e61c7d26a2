"""The tool sources of a runtime: listed for each run, and closed with the runtime."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from modelwire.tools import ToolLike, ToolSource

if TYPE_CHECKING:
    from modelwire.runtime.runtime import Runtime

__all__ = ["SourcesInUse", "with_sources_asked"]


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


async def with_sources_asked(runtime: Runtime, given: Iterable[ToolLike]) -> list[ToolLike]:
    """The given tools, with each source replaced by its tools.

    Args:
        runtime: The runtime that closes the sources.
        given: Tools and sources.

    Raises:
        ModelwireError: A source cannot list its tools.
    """
    tools: list[ToolLike] = []
    for each in given:
        if isinstance(each, ToolSource):
            runtime._sources.add(each)  # noqa: SLF001 - of the same room
            tools += await each.tools()
        else:
            tools.append(each)
    return tools
