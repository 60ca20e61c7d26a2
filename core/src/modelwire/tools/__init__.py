"""Tools from Python functions: schemas from type hints, and the run of a model's calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.tools.description import tool_from
    from modelwire.tools.forms import ToolLike
    from modelwire.tools.function import FunctionTool
    from modelwire.tools.loader import load_tools
    from modelwire.tools.run import run_call, run_in_thread
    from modelwire.tools.schemas import describe_type
    from modelwire.tools.source import ToolSource, ToolSources

__all__ = [
    "FunctionTool",
    "ToolLike",
    "ToolSource",
    "ToolSources",
    "describe_type",
    "load_tools",
    "run_call",
    "run_in_thread",
    "tool_from",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "description": ("tool_from",),
        "forms": ("ToolLike",),
        "function": ("FunctionTool",),
        "loader": ("load_tools",),
        "run": (
            "run_call",
            "run_in_thread",
        ),
        "schemas": ("describe_type",),
        "source": (
            "ToolSource",
            "ToolSources",
        ),
    },
)
