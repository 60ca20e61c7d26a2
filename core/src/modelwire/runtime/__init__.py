"""What an agent holds: resolve a model, stream its answer, fall back to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.exports import lazy_exports

if TYPE_CHECKING:
    from modelwire.runtime.blocking import SyncRuntime, SyncStream
    from modelwire.runtime.runtime import Runtime
    from modelwire.runtime.stream import Stream
    from modelwire.runtime.tool_loop import ToolLoop, ToolRun, run_tools

__all__ = [
    "Runtime",
    "Stream",
    "SyncRuntime",
    "SyncStream",
    "ToolLoop",
    "ToolRun",
    "run_tools",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "blocking": ("SyncRuntime", "SyncStream"),
        "runtime": ("Runtime",),
        "stream": ("Stream",),
        "tool_loop": ("ToolLoop", "ToolRun", "run_tools"),
    },
)
