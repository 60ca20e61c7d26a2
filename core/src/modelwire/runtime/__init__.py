"""The runtime: resolves a model, streams its answer, falls back to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.runtime.embeddings import Embeddings
    from modelwire.runtime.handle import ConfigSource, RuntimeHandle
    from modelwire.runtime.provider_jobs import ProviderJobs
    from modelwire.runtime.runtime import Runtime
    from modelwire.runtime.stream import Stream
    from modelwire.runtime.sync import SyncCatalog, SyncRuntime
    from modelwire.runtime.sync_streams import SyncStream, SyncToolLoop
    from modelwire.runtime.tool_loop import ToolLoop, ToolRun, run_tools

__all__ = [
    "ConfigSource",
    "Embeddings",
    "ProviderJobs",
    "Runtime",
    "RuntimeHandle",
    "Stream",
    "SyncCatalog",
    "SyncRuntime",
    "SyncStream",
    "SyncToolLoop",
    "ToolLoop",
    "ToolRun",
    "run_tools",
]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "embeddings": ("Embeddings",),
        "handle": (
            "ConfigSource",
            "RuntimeHandle",
        ),
        "provider_jobs": ("ProviderJobs",),
        "runtime": ("Runtime",),
        "stream": ("Stream",),
        "sync": (
            "SyncCatalog",
            "SyncRuntime",
        ),
        "sync_streams": (
            "SyncStream",
            "SyncToolLoop",
        ),
        "tool_loop": (
            "ToolLoop",
            "ToolRun",
            "run_tools",
        ),
    },
)
