"""The stream of an agent for programs without an event loop."""

from __future__ import annotations

from collections.abc import Iterator

from modelwire.agent.run import AgentResult, T
from modelwire.agent.stream import AgentStream
from modelwire.errors import StreamTruncated
from modelwire.events import Event, TextDeltaEvent
from modelwire.runtime.sync_streams import SyncWork
from modelwire.runtime.tool_loop import ToolRun

__all__ = ["SyncAgentStream"]


class SyncAgentStream(SyncWork[Event | ToolRun | AgentResult[T], AgentStream[T]]):
    """The events of a run, and the `AgentResult` as the last item: an `AgentStream` without `async`.

    Tools run in threads of their own, coroutine functions in the loop, and `approve` in the thread
    that iterates. No tool runs ahead of the iteration. It can be left and cancelled as a `SyncStream` can.

    Args:
        begin: Makes the stream, given the function that approves its calls.
        approve: Called before each tool.
        loop: The event loop that does the work.
        owner: The owner of the loop, kept alive here because its finalizer ends the loop.
    """

    def texts(self) -> Iterator[str]:
        """The text of the answers only, piece by piece."""
        return (item.delta for item in self if isinstance(item, TextDeltaEvent))

    def result(self) -> AgentResult[T]:
        """Read to the end and return the result.

        Raises:
            ModelwireError: The run failed.
        """
        found: AgentResult[T] | None = None
        for item in self:
            if isinstance(item, AgentResult):
                found = item
        if found is None:
            msg = "The run was closed before its end."
            raise StreamTruncated(msg)
        return found
