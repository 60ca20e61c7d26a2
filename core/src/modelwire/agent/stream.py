"""The stream of an agent: the items of a run, to be iterated, cancelled and closed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Generic

from modelwire.agent.run import AgentResult, Answers, T, Task
from modelwire.closable import AsyncClosable
from modelwire.errors import StreamTruncated
from modelwire.events import Event
from modelwire.runtime import ToolRun
from modelwire.runtime.stream import Texts

__all__ = ["AgentStream"]


class AgentStream(AsyncClosable, Generic[T]):
    """The events of a run, a `ToolRun` after each tool, and the `AgentResult` as the last item.

        async with agent.stream("How is the weather in Bern?") as stream:
            async for item in stream:
                ...

    It is iterated once, and can be left in each of the ways in which a `Stream` can be left.

    Raises, while it is iterated:
        ModelwireError: An answer failed; `partial` is the partial message.
        OutputInvalid: The answer is not of the agent's type.
        ToolTurnsExceeded: The model still calls tools after the last turn.
    """

    def __init__(self, task: Task[T]) -> None:
        self._answers = Answers(task)
        # As in `Stream`, the generator does not know this object.
        self._items = self._answers.items()

    def __aiter__(self) -> AsyncIterator[Event | ToolRun | AgentResult[T]]:
        return self._items

    async def __anext__(self) -> Event | ToolRun | AgentResult[T]:
        return await anext(self._items)

    def texts(self) -> Texts:
        """The text of the answers only, piece by piece."""
        return Texts(self._items)

    async def result(self) -> AgentResult[T]:
        """Read to the end and return the result.

        Raises:
            ModelwireError: The run failed.
        """
        async for _ in self._items:
            pass
        if self._answers.result is None:
            msg = "The run was closed before its end."
            raise StreamTruncated(msg)
        return self._answers.result

    def cancel(self) -> None:
        """Stop: waiting for an item raises `Cancelled`, with the partial message as `partial`.

        May be called from any task in the same event loop, at any time.
        """
        self._answers.cancelled = True
        if self._answers.loop is not None:
            self._answers.loop.cancel()

    async def aclose(self) -> None:
        """Stop, and close the connection; to be called by the task that iterates."""
        await self._items.aclose()
