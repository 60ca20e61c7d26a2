"""What an agent holds: resolve a model, stream its answer, fall back to another."""

from modelwire.runtime.blocking import SyncRuntime, SyncStream
from modelwire.runtime.runtime import Runtime
from modelwire.runtime.stream import Stream

__all__ = ["Runtime", "Stream", "SyncRuntime", "SyncStream"]
