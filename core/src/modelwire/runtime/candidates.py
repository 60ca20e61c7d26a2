"""Candidates: the models that are tried in turn until one answers."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import TypeVar

from attrs import frozen

from modelwire.errors import (
    Attempt,
    ContentFiltered,
    ContextOverflow,
    ModelwireError,
    PluginError,
    ProviderError,
    UnknownModel,
    VariableNotSet,
)
from modelwire.models import Model, ModelRef
from modelwire.runtime.cancellation import Cancellation
from modelwire.transport import RetryPolicy

__all__ = ["CallState", "Opening", "Turn", "ask_in_turn", "deserves_fallback"]

T = TypeVar("T")
Opening = Callable[[], Awaitable[tuple[T, AsyncGenerator[T, None]] | None]]


def deserves_fallback(error: ModelwireError) -> bool:
    """Whether a fallback model may answer after this error.

    Not where the conversation itself is at fault: if it does not fit or a policy stopped it, it is
    the caller's to shorten or change, and no other provider should get it without a request. Not
    where the caller made a mistake or stopped, either.
    """
    if isinstance(error, ContextOverflow | ContentFiltered):
        return False
    return isinstance(error, ProviderError | PluginError | UnknownModel | VariableNotSet)


class CallState:
    """The state of a running call.

    Attributes:
        cancellation: What may end it from outside.
        model: The model that is called, once it is known.
        attempts: The tries that failed, oldest first.
    """

    def __init__(self) -> None:
        self.cancellation = Cancellation()
        self.model: Model | None = None
        self.attempts: list[Attempt] = []

    def begin(self) -> None:
        """Turn to the next candidate, and reset the state of the previous one."""
        self.model = None

    def note(self, attempt: Attempt) -> None:
        """Record a failed try that is followed by another one of the same model."""
        if attempt.waited is not None:
            self.add(attempt)

    def add(self, attempt: Attempt) -> None:
        """Record a failed try."""
        self.attempts.append(attempt)


@frozen
class Turn:
    """The turn of one candidate.

    Attributes:
        candidate: The reference.
        limit: Ends the wait for it. What is armed here ends with the turn, and `first_event` with
            the first thing that is yielded.
        began: When the call began, by the monotonic clock.
        turn_began: When this turn began.
        retries: When the model is tried again.
    """

    candidate: ModelRef | str
    limit: Cancellation
    began: float
    turn_began: float
    retries: RetryPolicy

    @property
    def spent(self) -> float:
        """Seconds that have passed since the call."""
        return time.monotonic() - self.began

    def arm(self, total: float | None, first_event: float | None) -> None:
        """Set deadlines of the turn, which hold whether the plugin looks at them or not."""
        self.limit.arm("total", total)
        self.limit.arm("first_event", first_event, spent=time.monotonic() - self.turn_began)


async def ask_in_turn(
    candidates: Callable[[], Sequence[ModelRef | str]],
    retries: RetryPolicy,
    state: CallState,
    ask: Callable[[Turn], Awaitable[Opening[T]]],
) -> AsyncGenerator[T, None]:
    """Call the candidates in turn until one answers; yield its items.

    The next candidate is tried only after a failure that allows it, if nothing was yielded.

    Args:
        candidates: Lists references to the models, when the first is due.
        retries: When a model is tried again.
        state: The state of the call.
        ask: Prepares the call of one model. Its result, when it is called, waits for the first item; it
            returns that and the generator of the others, or `None` where there is no item.
    """
    began = time.monotonic()
    refs = candidates()
    for position, candidate in enumerate(refs):
        last = position == len(refs) - 1
        policy = retries if last else retries.before_fallback()
        yielded = False
        state.begin()
        limit = Cancellation()
        try:
            with limit.guard():
                call = await ask(Turn(candidate, limit, began, time.monotonic(), policy))
                limit.enter()
                opened = await call()
                if opened is None:
                    return
                arrived, others = opened
                # A stream may be open for long, and needs nothing of its opening.
                del call, opened
                try:
                    limit.leave()
                    limit.lift("first_event")
                    yielded, limited = True, limit.pending
                    yield arrived
                    if limited:
                        limit.enter()
                    async for arrived in others:
                        if limited:
                            limit.leave()
                        yield arrived
                        if limited:
                            limit.enter()
                finally:  # as `aclosing` does, which takes longer
                    await others.aclose()
        except ModelwireError as error:
            stopped = state.cancellation.error is not None
            if yielded or last or stopped or not deserves_fallback(error):
                raise
            tried = state.model.ref if state.model is not None else candidate
            state.add(Attempt(str(tried), error.code, str(error)))
        else:
            return
        finally:
            limit.disarm()
