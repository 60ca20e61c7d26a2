"""What an agent holds: resolve a model, stream its answer, fall back to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire.exports import lazy_exports

if TYPE_CHECKING:
    from modelwire.runtime.blocking import SyncRuntime, SyncStream
    from modelwire.runtime.runtime import Runtime
    from modelwire.runtime.stream import Stream

__all__ = ["Runtime", "Stream", "SyncRuntime", "SyncStream"]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "blocking": ("SyncRuntime", "SyncStream"),
        "runtime": ("Runtime",),
        "stream": ("Stream",),
    },
)
