"""The observers of operations: which span an operation has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from modelwire.hookspecs import AgentOperation, CompletionOperation, ToolOperation
from modelwire_otel.agents import AgentSpan, ToolSpan
from modelwire_otel.recorder import CompletionSpan
from modelwire_otel.settings import Settings, is_recording

if TYPE_CHECKING:
    from modelwire.config import Config
    from modelwire.hookspecs import BeginObserver, Observer, Operation

__all__ = ["begin_observers"]

_SPANS: dict[type, Callable[[Any, Settings], Observer]] = {
    AgentOperation: AgentSpan,
    CompletionOperation: CompletionSpan,
    ToolOperation: ToolSpan,
}


def begin_observers(config: Config) -> BeginObserver:
    """Make what begins a span for each operation of a runtime.

    Raises:
        ConfigError: A setting is wrong.
    """
    settings = Settings.of(config)

    def begin(operation: Operation) -> Observer | None:
        if not is_recording():
            return None
        make = _SPANS.get(type(operation))  # a newer core may have other operations
        return None if make is None else make(operation, settings)

    return begin
