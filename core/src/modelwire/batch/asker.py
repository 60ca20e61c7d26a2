"""Sends rows over one runtime, each until it has an answer or has failed, at the pace of the service."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final, Protocol

from modelwire.batch.outcomes import FailureOutcome, outcome_of
from modelwire.batch.pace import Limits, Pace, SentRequest
from modelwire.batch.records import BatchRow
from modelwire.batch.row_outcome import RowOutcome, answer_outcome, failure_outcome
from modelwire.batch.tally import TokenEstimate
from modelwire.errors import ModelwireError, ProviderError
from modelwire.messages import AssistantMessage, Context
from modelwire.runtime import Runtime
from modelwire.runtime.runtime import with_retries
from modelwire.transport import RetryPolicy
from modelwire.transport.retry import delay_before

__all__ = ["RowAsker", "Turns"]

_WAITS: Final = RetryPolicy(max_attempts=2**31, base=1.0, cap=30.0, longest_wait=3600.0)
"""How long a row waits that has failed."""
_ONE_TRY: Final = RetryPolicy(max_attempts=1)
"""Of one call; the row is sent again here, since the pace must know of each refusal."""


class Turns(Protocol):
    """The turns of requests in a quota that is kept elsewhere, as for several processes."""

    async def wait(self) -> float:
        """Wait until a request may be sent; return the tokens that are reserved for it."""
        ...

    def used(self, reserved: float, *, tokens: float, retries: int) -> None:
        """Record what a request has used.

        Args:
            reserved: What `wait` has returned.
            tokens: The tokens of the request and its answer.
            retries: The requests that were sent beside the one whose turn it was.
        """
        ...


class RowAsker:
    """Sends rows over one runtime, at the pace that the service allows.

    It belongs to one event loop.

    Args:
        runtime: The runtime; it stays open.
        settings: Keyword arguments of `Runtime.complete` for every row. What a row has itself takes
            precedence, except for the model.
        limits: The limits of all requests together.
        max_attempts: The maximum of attempts per row; refusals because of too many requests are
            not counted.
        turns: A quota that others use as well, beside the limits.
        keeps_turns: Whether a row whose line is to be written counts among those in flight until
            `written` is called. Then no more rows have to be sent again after a kill than may be in
            flight.
    """

    def __init__(
        self,
        runtime: Runtime,
        *,
        settings: Mapping[str, Any],
        limits: Limits | None = None,
        max_attempts: int = 5,
        turns: Turns | None = None,
        keeps_turns: bool = False,
    ) -> None:
        limits = Limits() if limits is None else limits
        self._runtime = with_retries(runtime, _ONE_TRY)
        self._settings = settings
        self._max_attempts = max_attempts
        self._pace = Pace(limits)
        self._estimate = TokenEstimate(limits.tpm)
        self._turns = turns
        self._keeps_turns = keeps_turns
        self._most = limits.concurrency
        self._unwritten = 0
        self._line = asyncio.Lock()
        self._changed = asyncio.Event()
        self._stopping = asyncio.Event()
        self._waiting: set[asyncio.Future[float]] = set()

    def stop(self) -> None:
        """Send no more requests; rows without an answer are left to the next run."""
        self._stopping.set()
        self._changed.set()
        for waiting in self._waiting:
            waiting.cancel()

    def written(self, count: int) -> None:
        """Note that the lines of so many rows have been written."""
        self._unwritten -= count
        self._changed.set()

    async def ask(self, row: BatchRow, turn: SentRequest | None = None) -> RowOutcome:
        """Send a row, as often as it takes.

        Args:
            row: The row.
            turn: The turn of its first request, if the caller has waited for it.
        """
        context, settings = row.context, {**self._settings, **row.options}
        if (model := self._settings.get("model")) is not None:
            settings["model"] = model
        if context.system_prompt is not None:
            settings.pop("system", None)
        requests = refused = 0
        request = turn
        while request is not None or (request := await self.turn(row)) is not None:
            if (reserved := await self._shared_turn(request)) is None:
                break
            requests += 1
            answer = await self._send(context, settings, request, reserved)
            if isinstance(answer, AssistantMessage):
                return answer_outcome(row, answer, requests, refused)
            kind = outcome_of(answer, has_own_model="model" in row.options)
            self._note(request, answer, kind)
            refused += kind is FailureOutcome.REFUSED
            if not kind.asks_again(requests, refused, self._max_attempts):
                self._unwritten += 1
                is_of_all = kind in (FailureOutcome.STOP, FailureOutcome.STOP_FIRST)
                return failure_outcome(row, answer, requests, refused, is_of_all=is_of_all)
            await self._wait_after(answer, kind, requests - refused)
            request = None
        return RowOutcome(row.line, requests=requests, refused=refused)

    async def _send(
        self, context: Context, settings: Mapping[str, Any], request: SentRequest, reserved: float
    ) -> AssistantMessage | ModelwireError:
        """Send a request; return its answer or its failure, which the pace does not know yet."""
        tokens = 0
        try:
            message = await self._runtime.complete(context, **settings)
            tokens = message.usage.total_tokens
        except ModelwireError as error:
            return error
        except BaseException:
            self._pace.ended(request)
            self._changed.set()
            raise
        finally:
            if self._turns is not None:
                self._turns.used(reserved, tokens=tokens, retries=0)
        self._unwritten += 1
        self._pace.answered(request, tokens)
        self._estimate.add(message.usage.output)
        self._changed.set()
        return message

    async def turn(self, row: BatchRow) -> SentRequest | None:
        """Wait until the pace allows a request; `None` when no more are sent."""
        async with self._line:  # the first to come is the first to go
            while not self._stopping.is_set():
                wait = self._pace.wait()
                if self._keeps_turns and self._pace.in_flight + self._unwritten >= self._most:
                    wait = None
                if wait == 0:
                    return self._pace.send(self._estimate.of(row))
                self._changed.clear()
                await _within(wait, self._changed)
        return None

    async def _shared_turn(self, request: SentRequest) -> float | None:
        """Wait for a turn in the shared quota; `None` when no more requests are sent."""
        if self._turns is None:
            return 0.0
        waiting = asyncio.ensure_future(self._turns.wait())
        self._waiting.add(waiting)
        try:
            return await waiting
        except BaseException:
            self._pace.ended(request)
            self._changed.set()
            if self._stopping.is_set() and waiting.cancelled():
                return None
            raise
        finally:
            self._waiting.discard(waiting)

    def _note(self, request: SentRequest, error: ModelwireError, kind: FailureOutcome) -> None:
        """Note a failure for the pace."""
        retry_after = error.retry_after if isinstance(error, ProviderError) else None
        match kind:
            case FailureOutcome.REFUSED:
                self._pace.refused(request, retry_after)
            case FailureOutcome.OVERLOADED:
                self._pace.overloaded(request, retry_after)
            case _:
                self._pace.ended(request)
        if kind is FailureOutcome.STOP:
            self.stop()
        self._changed.set()

    async def _wait_after(self, error: ModelwireError, kind: FailureOutcome, tries: int) -> None:
        """Wait before a row is sent again; the pace itself waits after a refusal."""
        if kind is FailureOutcome.REFUSED or not isinstance(error, ProviderError):
            return
        await _within(delay_before(_WAITS, tries, error) or _WAITS.cap, self._stopping)


async def _within(seconds: float | None, event: asyncio.Event) -> None:
    """Wait for an event, or until some seconds have passed."""
    if seconds is None:
        await event.wait()
        return
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
