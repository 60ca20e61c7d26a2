"""The stream of one answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Self

from modelwire.errors import (
    Attempt,
    Cancelled,
    ModelwireError,
    StreamTruncated,
)
from modelwire.events import DoneEvent, Event, TextDeltaEvent
from modelwire.events.assembler import Assembler
from modelwire.messages import AssistantMessage, StopReason
from modelwire.models import Model
from modelwire.runtime.cancellation import Cancellation

__all__ = ["Stream", "StreamState"]


class StreamState:
    """What a running answer leaves behind for those who watch it.

    Attributes:
        model: The model that is answering, once it is known.
        attempts: The tries that failed, oldest first.
        assembler: What puts the present try's message together.
        message: The finished message.
        interrupt: What may end it from outside.
    """

    def __init__(self) -> None:
        self.cancellation = Cancellation()
        self.model: Model | None = None
        self.attempts: list[Attempt] = []
        self.assembler: Assembler | None = None
        self.message: AssistantMessage | None = None

    def begin(self) -> None:
        """Turn to the next candidate; what is known of the one before is not true of it."""
        self.model = self.assembler = None


class Stream:
    """The events of one answer: iterate it, inside `async with` if you may leave early.

        async with runtime.stream("Hello") as stream:
            async for event in stream:
                ...

    A failure is raised from the iteration; `error.partial` is what had arrived. Leaving the `async
    with`, closing the stream or cancelling the task closes the connection.
    """

    def __init__(
        self,
        answer: Callable[[StreamState], AsyncGenerator[Sequence[Event], None]],
        *,
        total: float | None = None,
    ) -> None:
        self._progress = StreamState()
        self._cancellation = self._progress.cancellation
        self._events = self._run(answer(self._progress), total)

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    @property
    def model(self) -> Model | None:
        """The model that answers, or `None` before that is known."""
        return self._progress.model

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """The tries that failed so far, oldest first."""
        return tuple(self._progress.attempts)

    @property
    def message(self) -> AssistantMessage | None:
        """The finished message, or `None` as long as there is none."""
        return self._progress.message

    def cancel(self) -> None:
        """Stop the answer. Who waits for an event gets `Cancelled`, and the connection is closed.

        May be called from any task in the same event loop, at any time.
        """
        self._cancellation.trigger(Cancelled("The stream was cancelled."))

    async def aclose(self) -> None:
        """Stop the answer and close the connection; to be called by who iterates."""
        await self._events.aclose()

    async def texts(self) -> AsyncGenerator[str, None]:
        """Only the text of the answer, piece by piece."""
        async for event in self._events:
            if type(event) is TextDeltaEvent:
                yield event.delta

    async def result(self) -> AssistantMessage:
        """Read to the end and return the message.

        Raises:
            ModelwireError: The answer failed; `partial` is what had arrived.
        """
        async for _ in self._events:
            pass
        if self._progress.message is None:
            msg = "The stream was closed before its end."
            raise StreamTruncated(msg)
        return self._progress.message

    async def _run(
        self, answer: AsyncGenerator[Sequence[Event], None], total: float | None
    ) -> AsyncGenerator[Event, None]:
        cancellation, progress = self._cancellation, self._progress
        cancellation.arm("total", total)
        try:
            async with aclosing(answer):
                cancellation.enter()
                async for arrived in answer:
                    last = arrived[-1]
                    if type(last) is DoneEvent:
                        last.message.attempts = list(progress.attempts)
                        progress.message = last.message
                    cancellation.leave()
                    for event in arrived:
                        yield event
                        if cancellation.error is not None:
                            raise cancellation.error
                    cancellation.enter()
        except asyncio.CancelledError:
            error = cancellation.translate()
            if error is None:
                raise
            self._complete(error)
            raise error from None
        except ModelwireError as error:
            # A plugin may have made an error of its own out of being cancelled.
            stopped = cancellation.translate()
            self._complete(stopped or error)
            if stopped is not None and stopped is not error:
                raise stopped from error
            raise
        finally:
            cancellation.disarm()

    def _complete(self, error: ModelwireError) -> None:
        """Give an error what arrived before it and the tries that failed before it."""
        assembler = self._progress.assembler
        if error.partial is None and assembler is not None:
            aborted = isinstance(error, Cancelled)
            assembler.fail(error, StopReason.ABORTED if aborted else StopReason.ERROR)
        error.attempts = tuple(self._progress.attempts)
