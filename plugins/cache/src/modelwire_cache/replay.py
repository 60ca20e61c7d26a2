"""Replay of one answer: from the cache, or from the model and into the cache."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from modelwire.errors import ModelwireError
from modelwire.events import Delta, Deltas, Diagnostic, ResponseInfo, Stop, deltas_of
from modelwire_cache.fingerprint import CacheRequest
from modelwire_cache.settings import Settings
from modelwire_cache.store import CachedResponse, DamagedAnswer, ResponseStore, Timed

__all__ = ["NotCached", "answer"]

# A long answer lets others run now and then.
_BREATH = 64


class NotCached(ModelwireError):
    """The mode is `replay`, and there is no usable answer to this request."""

    code = "not_kept"


async def answer(
    deltas: AsyncIterator[Deltas], request: CacheRequest, settings: Settings
) -> AsyncGenerator[Deltas, None]:
    """Give the kept answer to a request, or ask and keep it.

    Args:
        deltas: The model's stream, which begins when it is first read.
        request: What is asked.
        settings: When to do what.

    Raises:
        NotKept: The mode is `replay`, and there is no usable answer.
    """
    answers = ResponseStore(settings.directory)
    try:
        kept = await _find(answers, request, settings)
        stream = _replay(kept, paced=settings.paced) if kept else _keep(deltas, answers, request)
        async with aclosing(stream):
            async for arrived in stream:
                yield arrived
    finally:
        close = getattr(deltas, "aclose", None)
        if close is not None:
            await close()


async def _find(
    answers: ResponseStore, request: CacheRequest, settings: Settings
) -> CachedResponse | None:
    if settings.mode == "record":
        return None
    why = "no answer to this request is kept"
    try:
        kept = await asyncio.to_thread(answers.read, request)
    except (DamagedAnswer, OSError) as error:
        kept = None
        why = f"{answers.path(request)} cannot be read"
        if isinstance(error, DamagedAnswer):
            why = f"{answers.path(request)} is damaged"
    if kept is not None and settings.max_age is not None:
        age = time.time() - kept.kept_at
        if not 0 <= age < settings.max_age:
            why = f"{kept.path} is older than {settings.max_age:g} seconds"
            kept = None
    if kept is None and settings.mode == "replay":
        msg = f"{request.model} is not asked, and {why}."
        hint = f"Set MODELWIRE_ANSWERS=record once, to keep answers in {settings.directory}."
        raise NotCached(msg, hint=hint)
    return kept


async def _replay(kept: CachedResponse, *, paced: bool) -> AsyncGenerator[Deltas, None]:
    began = time.monotonic()
    yield Diagnostic("kept_answer", {"keptAt": kept.kept_at})
    for number, (at, delta) in enumerate(kept.deltas):
        wait = at - (time.monotonic() - began) if paced else 0
        if wait > 0 or number % _BREATH == 0:
            await asyncio.sleep(max(0.0, wait))
        yield delta


async def _keep(
    deltas: AsyncIterator[Deltas], answers: ResponseStore, request: CacheRequest
) -> AsyncGenerator[Deltas, None]:
    """Pass a stream on; keep it if it came to its end."""
    said: list[Timed] = []
    complete = False
    began = time.monotonic()
    async for arrived in deltas:
        at = time.monotonic() - began
        for delta in deltas_of(arrived):
            said.append((at, _lasting(delta)))
            complete = complete or isinstance(delta, Stop)
        yield arrived
    if complete:
        try:
            await asyncio.to_thread(answers.write, request, said)
        except OSError as error:
            yield Diagnostic("answer_not_kept", {"reason": error.strerror or type(error).__name__})


def _lasting(delta: Delta) -> Delta:
    """A delta without the id of the request, which names one call; the answer is given to many."""
    if isinstance(delta, ResponseInfo):
        return ResponseInfo(delta.response_id, delta.response_model, None, delta.api)
    return delta
