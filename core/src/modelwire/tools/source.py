"""Tool sources: tools that are found when they are needed, such as those of a server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from attrs import frozen

from modelwire.tools.function import FunctionTool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelwire.config import Config

__all__ = ["ToolSource", "ToolSources", "has_sources"]


@runtime_checkable
class ToolSource(Protocol):
    """Tools that are listed when a run needs them; given in the place of a tool.

    A runtime that has listed the tools of a source closes it when it is closed itself.
    """

    async def tools(self) -> Sequence[FunctionTool]:
        """List the tools, and open the source where it is not open.

        Called before each run, so an unchanged list should be kept.

        Raises:
            ModelwireError: They cannot be listed.
        """

    async def aclose(self) -> None:
        """Close the source; it may be opened again, and closed more than once."""


@frozen
class ToolSources:
    """The tool sources of one kind, as an entry point of `modelwire.tools` names them.

    The name of the entry point is that of the option, such as `mcp` for `--mcp`.

    Attributes:
        metavar: The placeholder for the value in `--help`, such as `NAME|URL|COMMAND`.
        help: What the option does, as a sentence for `--help`.
        named: Finds the source that the value of the option names. Raises a `ConfigError` where it
            names none.
        configured: Lists the sources of the configuration, by their names. Raises a `ConfigError`
            where one cannot be read.
    """

    metavar: str
    help: str
    named: Callable[[Config, str], ToolSource]
    configured: Callable[[Config], Mapping[str, ToolSource]]


def has_sources(tools: object) -> bool:
    """Whether there is a source among a caller's tools."""
    return isinstance(tools, list | tuple) and any(isinstance(each, ToolSource) for each in tools)
