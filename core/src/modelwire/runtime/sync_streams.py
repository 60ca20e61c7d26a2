"""Streams and tool loops for programs without an event loop."""

from __future__ import annotations

import asyncio
import inspect
import weakref
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from modelwire.closable import Closable
from modelwire.errors import Attempt, Cancelled, StreamTruncated
from modelwire.events import DoneEvent, Event, TextDeltaEvent
from modelwire.messages import AssistantMessage, Context, ToolCall
from modelwire.models import Model
from modelwire.runtime.loop_thread import LoopThread
from modelwire.runtime.pump import Pump, Source
from modelwire.runtime.stream import Stream
from modelwire.runtime.tool_loop import Approval, Approve, ToolLoop, ToolRun, approver

__all__ = ["SyncStream", "SyncToolLoop", "SyncWork"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Work(Source[T_co], Protocol[T_co]):
    """A run of several answers and tools: a `ToolLoop`, or the stream of an agent."""

    def cancel(self) -> None:
        """Stop: waiting for an item raises `Cancelled`."""


W = TypeVar("W", bound=Work[Any])


class _Iteration(Closable, Generic[T]):
    """A source that is read from another thread; the base of streams and tool loops.

    Args:
        source: The source.
        pump: The pump that reads it.
        loop: The loop that does the work.
        owner: The owner of the loop, kept alive here because its finalizer ends the loop.
    """

    def __init__(self, source: Source[Any], pump: Pump[T], loop: LoopThread, owner: object) -> None:
        self._source = source
        self._pump = pump
        self._loop = loop
        self._owner = owner
        self._arrived: deque[T] = deque()
        # The reading task is independent: it does not end with this object.
        weakref.finalize(self, loop.soon_if_running, pump.drop).atexit = False

    def close(self) -> None:
        """Stop the answer and close the connection."""
        self._arrived.clear()
        with suppress(Cancelled):  # a runtime that was closed has ended it
            self._loop.call(self._end())

    def _next(self) -> T:
        if not self._arrived:
            self._arrived.extend(self._loop.call(self._pump.take(self._source)))
        if not self._arrived:
            raise StopIteration
        return self._arrived.popleft()

    async def _end(self) -> None:
        if self._pump.is_foreign():
            return
        await self._pump.stop()
        await self._source.aclose()


class SyncStream(_Iteration[Event]):
    """The events of one answer, to be iterated once: a `Stream` without `async`.

        with runtime.stream("Hello") as stream:
            for event in stream:
                ...

    As with a `Stream`, the connection is closed when the `with` block ends, the stream is closed,
    or the stream is no longer referenced.

    Args:
        stream: The stream to iterate.
        loop: The loop that does the work.
        owner: The owner of the loop.
    """

    def __init__(self, stream: Stream, loop: LoopThread, owner: object) -> None:
        super().__init__(stream, Pump(lambda _: False), loop, owner)
        self._stream = stream

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        return self._next()

    @property
    def model(self) -> Model | None:
        """The model that answers, or `None` before that is known."""
        return self._stream.model

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The failed tries so far, oldest first."""
        return self._stream.attempts

    @property
    def message(self) -> AssistantMessage | None:
        """The finished message, or `None` before the end."""
        return self._stream.message

    def cancel(self) -> None:
        """Stop the answer: waiting for an event raises `Cancelled`. May be called from any thread."""
        self._loop.soon(self._stream.cancel)

    def texts(self) -> Iterator[str]:
        """The text of the answer only, piece by piece."""
        return (event.delta for event in self if isinstance(event, TextDeltaEvent))

    def result(self) -> AssistantMessage:
        """Read to the end and return the message.

        Raises:
            ModelwireError: The answer failed; `partial` is the partial message.
        """
        for _ in self:
            pass
        if self.message is None:
            msg = "The stream was closed before its end."
            raise StreamTruncated(msg)
        return self.message


class _Question:
    """A tool call that waits for its approval by the consumer, in the consumer's thread.

    Attributes:
        call: The call.
    """

    def __init__(self, call: ToolCall) -> None:
        self.call = call
        self._answer: asyncio.Future[bool | Awaitable[bool]] = (
            asyncio.get_running_loop().create_future()
        )

    @property
    def is_open(self) -> bool:
        """Whether the approval is still pending; after `cancel` it is not."""
        return not self._answer.done()

    async def answered(self) -> bool:
        """Wait for the approval."""
        decision = await self._answer
        return bool(await decision if inspect.isawaitable(decision) else decision)

    def answer(self, decision: bool | Awaitable[bool]) -> None:
        """Give the approval, or the coroutine that gives it; in the loop."""
        if not self._answer.done():
            self._answer.set_result(decision)
        elif inspect.iscoroutine(decision):
            decision.close()

    def fail(self, error: Exception) -> None:
        """Cancel the approval, with a reason; in the loop."""
        if not self._answer.done():
            # A future does not take this one.
            refused = isinstance(error, StopIteration)
            self._answer.set_exception(RuntimeError(str(error)) if refused else error)


async def _ask_consumer(pump: Pump[Any], call: ToolCall) -> bool:
    """Make a function by which the consumer of a pump approves a call."""
    question = _Question(call)
    pump.put(question)
    return await question.answered()


def _is_followed_by_work(item: object) -> bool:
    """Whether reading on may run a tool or call a model, which only the consumer may trigger."""
    return type(item) is DoneEvent or type(item) is ToolRun


class SyncWork(_Iteration[T | _Question], Generic[T, W]):
    """A run of several answers and tools, whose tools are approved in the consumer's thread.

    Tools run in threads of their own, and coroutine functions in the loop. No tool runs ahead of the
    iteration.

    Args:
        begin: Makes the work, given the function that approves its calls.
        approve: Called before each tool.
        loop: The event loop that does the work.
        owner: The owner of the loop, kept alive here because its finalizer ends the loop.
    """

    def __init__(
        self,
        begin: Callable[[Approve], W],
        approve: Approval,
        loop: LoopThread,
        owner: object,
    ) -> None:
        pump: Pump[T | _Question] = Pump(_is_followed_by_work)
        self._approve = approver(approve)
        self._work = begin(partial(_ask_consumer, pump))
        super().__init__(self._work, pump, loop, owner)

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        while isinstance(item := self._next(), _Question):
            if item.is_open:
                self._ask(item)
        return item

    def cancel(self) -> None:
        """Stop: waiting for an item raises `Cancelled`, with the partial message as `partial`.

        May be called from any thread.
        """
        self._loop.soon(self._work.cancel)

    def _ask(self, question: _Question) -> None:
        try:
            decision = self._approve(question.call)
        except Exception as error:  # noqa: BLE001 - the loop raises it, as it does its other errors
            self._loop.soon(partial(question.fail, error))
        except BaseException:
            # After an interrupt the call still waits for its approval.
            self._arrived.appendleft(question)
            raise
        else:
            self._loop.soon(partial(question.answer, decision))


class SyncToolLoop(SyncWork[Event | ToolRun, ToolLoop]):
    """The events of all answers, with a `ToolRun` after each tool: a `ToolLoop` without `async`.

        with run_tools(runtime, context, [weather], approve="always") as loop:
            for event in loop:
                ...

    Tools run in threads of their own, coroutine functions in the loop, and `approve` in the thread
    that iterates. No tool runs ahead of the iteration. It can be left and cancelled as a `SyncStream` can.

    Args:
        begin: Makes the loop, given the function that approves its calls.
        approve: Called before each tool.
        loop: The event loop that does the work.
        owner: The owner of the loop, kept alive here because its finalizer ends the loop.
    """

    @property
    def context(self) -> Context:
        """The context that the loop continues, with every complete answer and result so far."""
        return self._work.context

    @property
    def stream(self) -> SyncStream | None:
        """The stream of the current answer, or of the one before the tools."""
        stream = self._work.stream
        return None if stream is None else SyncStream(stream, self._loop, self._owner)
