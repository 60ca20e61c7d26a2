"""Replay and recording of the answers to calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from modelwire.errors import ProviderError
from modelwire.events import Delta, Deltas, Diagnostic, Stop, deltas_of
from modelwire_cache.call import RecordedCall
from modelwire_cache.codec import TimedDelta, error_from_json, from_json, to_json
from modelwire_cache.store import Outcome, Recording

__all__ = ["recorded_stream", "recorded_value"]

T = TypeVar("T")

# A long answer lets others run now and then.
_BREATH = 64

_DAMAGED = (ValueError, LookupError, TypeError, AttributeError, OverflowError, ExceptionGroup)
"""Exceptions raised by an answer whose file is damaged."""


async def recorded_stream(
    deltas: AsyncIterator[Deltas], call: RecordedCall
) -> AsyncGenerator[Deltas, None]:
    """Replay an answer, or pass the model's on and record it.

    Args:
        deltas: The model's stream, which begins when it is first read.
        call: The request, and where the answer is recorded.

    Raises:
        NoRecording: The mode is `replay`, and there is no usable recording.
        ProviderError: The model failed, now or when it was recorded.
    """
    try:
        recording = await call.find()
        stream = _replayed(recording, call) if recording else _recorded(deltas, call)
        try:
            async for arrived in stream:
                yield arrived
        finally:
            await stream.aclose()
    finally:
        await _close(deltas)


async def recorded_value(
    answer: Coroutine[Any, Any, T],
    call: RecordedCall,
    to_data: Callable[[T], Any],
    from_data: Callable[[Any], T],
) -> T:
    """Replay an answer that comes as a whole, or wait for the model's and record it.

    Args:
        answer: The model's answer, a coroutine that has not begun.
        call: The request, and where the answer is recorded.
        to_data: Makes JSON data of an answer.
        from_data: Reads that data again.

    Raises:
        NoRecording: The mode is `replay`, and there is no usable recording.
        ProviderError: The model failed, now or when it was recorded.
    """
    try:
        recording = await call.find()
        if recording is not None:
            _raise_recorded(recording, call)
            try:
                return from_data(recording.response)
            except _DAMAGED as error:
                raise _damage(recording, call) from error
        try:
            value = await answer
        except ProviderError as error:
            await call.save("failed", lambda: None, error)
            raise
        except BaseException:
            call.release()
            raise
        await call.save("complete", lambda: to_data(value))
        return value
    finally:
        answer.close()


async def _replayed(recording: Recording, call: RecordedCall) -> AsyncGenerator[Deltas, None]:
    try:
        arrivals = await asyncio.to_thread(_arrivals, recording, call)
    except _DAMAGED as error:
        raise _damage(recording, call) from error
    began = time.monotonic()
    name = recording.path.name if recording.path is not None else ""
    yield Diagnostic("replayed", {"recording": name, "recordedAt": str(recording.recorded_at)})
    for number, (at, arrived) in enumerate(arrivals):
        wait = at - (time.monotonic() - began) if call.settings.paced else 0
        if wait > 0 or number % _BREATH == 0:
            await asyncio.sleep(max(0.0, wait))
        yield arrived
    _raise_recorded(recording, call)
    if recording.outcome == "left":
        msg = f"{recording.path} ends here: when it was recorded, its reader left."
        raise call.missing(msg)


def _arrivals(recording: Recording, call: RecordedCall) -> list[tuple[float, list[Delta]]]:
    """The recorded deltas, those that came together as one list."""
    arrivals: list[tuple[float, list[Delta]]] = []
    for at, delta in from_json(recording.response, call.replayed_text):
        if not arrivals or arrivals[-1][0] != at:
            arrivals.append((at, []))
        arrivals[-1][1].append(delta)
    return arrivals


def _raise_recorded(recording: Recording, call: RecordedCall) -> None:
    if recording.error is None:
        return
    try:
        error = error_from_json(recording.error, recording.model)
    except _DAMAGED as damage:
        raise _damage(recording, call) from damage
    if error.retryable:
        call.release()
    raise error


def _damage(recording: Recording, call: RecordedCall) -> Exception:
    return call.missing(f"{call.request.model} is not called, and {recording.path} is damaged.")


async def _recorded(
    deltas: AsyncIterator[Deltas], call: RecordedCall
) -> AsyncGenerator[Deltas, None]:
    """Pass a stream on, and record it, however it ends."""
    timed: list[TimedDelta] = []
    outcome: Outcome | None = None
    failure: ProviderError | None = None
    leaving = False
    began = time.monotonic()
    try:
        async for arrived in deltas:
            at = time.monotonic() - began
            for delta in deltas_of(arrived):
                timed.append((at, delta))
                if isinstance(delta, Stop):
                    outcome = "complete"
            yield arrived
        outcome = outcome or "cut"
    except ProviderError as error:
        outcome, failure = "failed", error
        raise
    except (asyncio.CancelledError, GeneratorExit):
        outcome, leaving = outcome or ("left" if timed else None), True
        raise
    except BaseException:
        outcome = None  # a bug of the plugin's is nothing to replay
        raise
    finally:
        await _close(deltas)
        reason = await _save(call, outcome, timed, failure, leaving=leaving)
    if reason is not None:
        yield Diagnostic("not_recorded", {"reason": reason})


async def _save(
    call: RecordedCall,
    outcome: Outcome | None,
    timed: list[TimedDelta],
    failure: ProviderError | None,
    *,
    leaving: bool,
) -> str | None:
    if outcome is None:
        call.release()
        return None
    data = partial(to_json, timed, call.recorded_text)
    return await call.save(outcome, data, failure, leaving=leaving)


async def _close(deltas: AsyncIterator[Deltas]) -> None:
    close = getattr(deltas, "aclose", None)
    if close is not None:
        await close()
