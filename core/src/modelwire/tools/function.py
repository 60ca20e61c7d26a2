"""Function tools: Python functions that a model may call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import field, frozen

from modelwire.messages import Tool

__all__ = ["FunctionTool"]


@frozen
class FunctionTool:
    """A tool, and the function that implements it.

    One that is made by hand gets its arguments as keywords, unchecked; those of `tool_from` are
    checked against the type hints.

    Attributes:
        tool: The tool, as offered to the model.
        function: The function; it may be a coroutine function.
        arguments: The type to which the arguments are converted.
        parallel: Whether its calls may run concurrently with others of the same answer.
    """

    tool: Tool
    function: Callable[..., Any]
    arguments: type[Any] | None = field(default=None, repr=False)
    parallel: bool = False

    @property
    def name(self) -> str:
        """The name that the model calls it by."""
        return self.tool.name
