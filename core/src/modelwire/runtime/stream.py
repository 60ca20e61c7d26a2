"""The stream of one answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Self

from modelwire.closable import AsyncClosable
from modelwire.errors import (
    Attempt,
    Cancelled,
    ModelwireError,
    StreamTruncated,
)
from modelwire.event_loops import require_event_loop
from modelwire.events import DoneEvent, Event, TextDeltaEvent
from modelwire.events.assembler import Assembler
from modelwire.hookspecs import OperationOutcome
from modelwire.messages import AssistantMessage, StopReason
from modelwire.models import Model
from modelwire.runtime.candidates import CallState
from modelwire.runtime.observation import Observation

__all__ = ["Stream", "StreamState", "Texts"]


class StreamState(CallState):
    """The state of a running answer, shared by its readers.

    Attributes:
        assembler: The assembler of the current try's message.
        message: The finished message.
        error: The reason why there is none.
        observation: The observation of the answer.
        skips_events: Whether only the message is wanted, so that no event is handed out any more.
    """

    def __init__(self) -> None:
        super().__init__()
        self.skips_events = False
        self.assembler: Assembler | None = None
        self.message: AssistantMessage | None = None
        self.error: ModelwireError | None = None
        self.observation: Observation | None = None

    def add(self, attempt: Attempt) -> None:
        """Record a failed try, and pass it on to observers."""
        super().add(attempt)
        if self.observation is not None:
            self.observation.failed(attempt)

    def begin(self) -> None:
        """Turn to the next candidate, and reset the state of the previous one."""
        self.model = self.assembler = None

    def complete(self, error: ModelwireError) -> None:
        """Add the partial message and the failed tries to an error."""
        if error.partial is None and self.assembler is not None:
            aborted = isinstance(error, Cancelled)
            self.assembler.fail(error, StopReason.ABORTED if aborted else StopReason.ERROR)
        error.attempts = tuple(self.attempts)
        self.error = error

    def end(self) -> None:
        """Pass the end on to observers."""
        if self.observation is not None:
            self.observation.ended(OperationOutcome(self.message, self.error))


class Stream(AsyncClosable):
    """The events of one answer, to be iterated once.

        async with runtime.stream("Hello") as stream:
            async for event in stream:
                ...

    A failure is raised from the iteration; `error.partial` is the partial message.

    The connection is closed when the `async with` block ends, the stream is closed, or the task
    that waits for an event is cancelled; also when the stream is no longer referenced, as after a
    `break` out of `async for event in runtime.stream("Hello")`. A stream that is still referenced
    can be iterated further.
    """

    def __init__(
        self,
        answer: Callable[[StreamState], AsyncGenerator[Sequence[Event], None]],
        *,
        total: float | None = None,
    ) -> None:
        self._state = StreamState()
        # The generator does not know this object: dropping the stream must drop the generator too,
        # without waiting for a garbage collection.
        self._events = _events(answer(self._state), self._state, total)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events

    @property
    def model(self) -> Model | None:
        """The model that answers, or `None` before that is known."""
        return self._state.model

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The failed tries so far, oldest first."""
        return tuple(self._state.attempts)

    @property
    def message(self) -> AssistantMessage | None:
        """The finished message, or `None` before the end."""
        return self._state.message

    def cancel(self) -> None:
        """Stop the answer: waiting for an event raises `Cancelled`, and the connection is closed.

        May be called from any task in the same event loop, at any time.
        """
        self._state.cancellation.trigger(Cancelled("The stream was cancelled."))

    async def aclose(self) -> None:
        """Stop the answer and close the connection; to be called by the task that iterates."""
        await self._events.aclose()

    def texts(self) -> Texts:
        """The text of the answer only, piece by piece."""
        return Texts(self._events)

    async def result(self) -> AssistantMessage:
        """Read to the end and return the message.

        Raises:
            ModelwireError: The answer failed; `partial` is the partial message.
        """
        self._state.skips_events = True
        async for _ in self._events:
            pass
        if self._state.message is None:
            msg = "The stream was closed before its end."
            raise StreamTruncated(msg)
        return self._state.message


class Texts:
    """The text of a stream, piece by piece: an asynchronous iterator over it.

    Args:
        events: The events; others than text are left out.
    """

    def __init__(self, events: AsyncGenerator[object, None]) -> None:
        self._events = events

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        async for event in self._events:
            if type(event) is TextDeltaEvent:
                return event.delta
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Stop the answer and close the connection; to be called by the task that iterates."""
        await self._events.aclose()


async def _events(
    answer: AsyncGenerator[Sequence[Event], None], state: StreamState, total: float | None
) -> AsyncGenerator[Event, None]:
    require_event_loop()
    cancellation = state.cancellation
    cancellation.arm("total", total)
    try:
        with cancellation.guard():
            try:
                cancellation.enter()
                async for arrived in answer:
                    last = arrived[-1]
                    if type(last) is DoneEvent:
                        if state.attempts:
                            last.message.attempts = list(state.attempts)
                        state.message = last.message
                    cancellation.leave()
                    for event in () if state.skips_events else arrived:
                        yield event
                        if cancellation.error is not None:
                            raise cancellation.error
                    cancellation.enter()
            finally:  # as `aclosing` does, which takes longer
                await answer.aclose()
    except ModelwireError as error:
        state.complete(error)
        raise
    finally:
        cancellation.disarm()
        state.end()
