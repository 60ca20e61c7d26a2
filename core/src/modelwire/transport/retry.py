"""The retry policy, and the loop that applies it."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

from attrs import evolve, field, frozen, validators

from modelwire.errors import Attempt, ProviderError
from modelwire.transport.request import header

__all__ = [
    "RetryPolicy",
    "delay_before",
    "open_retrying",
    "parse_retry_after",
    "retrying",
    "retrying_call",
]

T = TypeVar("T")
S = TypeVar("S", bound=AsyncIterator[Any])

_not_negative: Any = validators.ge(0)


@frozen
class RetryPolicy:
    """The policy of retries: how often to try, and how long to wait between tries.

    Attributes:
        max_attempts: The total number of tries, including the first.
        base: The longest wait after the first failure, in seconds; it doubles with each further
            one, and the actual wait is drawn at random from nothing up to it ("full jitter",
            Brooker, "Exponential Backoff And Jitter", 2015).
        cap: The upper limit of the doubling, in seconds.
        longest_wait: If a provider demands a longer wait than this, in seconds, there is no
            retry: its error is raised.
        fallback_wait: The same while another model may answer instead, and the maximum of the
            doubling in that case: trying the next model is better than waiting.
    """

    max_attempts: int = field(default=3, validator=validators.ge(1))
    base: float = field(default=0.5, validator=_not_negative)
    cap: float = field(default=8.0, validator=_not_negative)
    longest_wait: float = field(default=30.0, validator=_not_negative)
    fallback_wait: float = field(default=2.0, validator=_not_negative)

    def before_fallback(self) -> RetryPolicy:
        """The policy for a model while another may answer instead."""
        return evolve(
            self,
            cap=min(self.cap, self.fallback_wait),
            longest_wait=min(self.longest_wait, self.fallback_wait),
        )


def delay_before(
    policy: RetryPolicy,
    attempt: int,
    error: ProviderError,
    *,
    remaining: float | None = None,
    random: Callable[[], float] | None = None,
) -> float | None:
    """The delay before the next try, or `None` if there should be none.

    The provider's own delay (`error.retry_after`) is the minimum; the jitter comes on top of it,
    so that many callers with the same delay do not retry in the same instant.

    Args:
        policy: The policy.
        attempt: The failed try, counted from 1.
        error: Its error.
        remaining: Seconds until the total deadline, or `None` without one.
        random: Draws a number from 0 up to 1; by default `random.random`.

    Returns:
        Seconds, or `None` when the error must be raised: it is not retryable, the tries are used
        up, or the wait would be too long.
    """
    if not error.retryable or attempt >= policy.max_attempts:
        return None
    minimum = error.retry_after
    if not isinstance(minimum, int | float) or not minimum > 0:  # nor is NaN a time to wait
        minimum = 0.0
    if minimum > policy.longest_wait:
        return None
    if random is None:
        import random as generators  # only a retry needs it

        random = generators.random
    # Beyond 2**64 the doubling has long met its cap, and floats would overflow.
    delay = minimum + random() * min(policy.cap, policy.base * 2.0 ** min(attempt - 1, 64))
    return None if remaining is not None and delay >= remaining else delay


class _Tries:
    """The tries of one request."""

    def __init__(
        self,
        policy: RetryPolicy,
        model: str,
        total: float | None,
        on_failure: Callable[[Attempt], None] | None,
    ) -> None:
        self._policy = policy
        self._model = model
        self._ends = None if total is None else time.monotonic() + total
        self._on_failure = on_failure
        self._failed: list[Attempt] = []

    async def wait_after(self, error: ProviderError) -> None:
        """Wait before the next try, or raise `error` with the record of the tries before it."""
        remaining = None if self._ends is None else self._ends - time.monotonic()
        delay = delay_before(self._policy, len(self._failed) + 1, error, remaining=remaining)
        attempt = Attempt(self._model, error.code, error.message, delay)
        if self._on_failure is not None:
            self._on_failure(attempt)
        if delay is None:
            error.attempts = (*self._failed, *error.attempts)
            raise error
        self._failed.append(attempt)
        from asyncio import sleep  # a command that sends nothing needs no loop

        await sleep(delay)


async def retrying(
    open_stream: Callable[[], AsyncIterator[T]],
    policy: RetryPolicy,
    *,
    model: str,
    total: float | None = None,
    on_failure: Callable[[Attempt], None] | None = None,
) -> AsyncGenerator[T, None]:
    """Iterate a stream, and reopen it when it fails before its first item.

    After the first item nothing is retried: the caller has seen it. Each stream is closed
    before the next is opened, and when this generator is closed.

    Args:
        open_stream: Opens the stream; called once for each try.
        policy: The retry policy.
        model: The model, as `provider/model-id`, for the record.
        total: Seconds for all tries and waits, after which no new try begins.
        on_failure: Called after each failed try, as soon as the wait is known.

    Raises:
        ProviderError: The last try's error; its `attempts` are the tries before it.
    """
    opened = await open_retrying(
        open_stream, policy, model=model, total=total, on_failure=on_failure
    )
    if opened is None:
        return
    first, stream = opened
    try:
        yield first
        async for item in stream:
            yield item
    finally:
        await _close(stream)


async def open_retrying(
    open_stream: Callable[[], S],
    policy: RetryPolicy,
    *,
    model: str,
    total: float | None = None,
    on_failure: Callable[[Attempt], None] | None = None,
) -> tuple[Any, S] | None:
    """Open a stream, and reopen it when it fails before its first item; the arguments are those of `retrying`.

    Returns:
        The first item, and the stream of the others, which the caller has to close; `None` where
        there is no item.

    Raises:
        ProviderError: As in `retrying`.
    """
    tries = _Tries(policy, model, total, on_failure)
    while True:
        stream = open_stream()
        try:
            return await anext(stream), stream
        except StopAsyncIteration:
            await _close(stream)
            return None
        except ProviderError as error:
            failure = error
        except BaseException:
            await _close(stream)
            raise
        await _close(stream)
        await tries.wait_after(failure)


async def retrying_call(
    call: Callable[[], Awaitable[T]],
    policy: RetryPolicy,
    *,
    model: str,
    total: float | None = None,
    on_failure: Callable[[Attempt], None] | None = None,
) -> T:
    """Await a call, and call again when it fails; the arguments are those of `retrying`.

    Raises:
        ProviderError: The last try's error; its `attempts` are the tries before it.
    """
    tries = _Tries(policy, model, total, on_failure)
    while True:
        try:
            return await call()
        except ProviderError as error:
            failure = error
        await tries.wait_after(failure)


async def _close(stream: AsyncIterator[T]) -> None:
    """Close a stream, where it can be closed."""
    close = getattr(stream, "aclose", None)
    if close is not None:
        await close()


def parse_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Read how many seconds to wait before the next try, according to a response.

    `retry-after-ms` in milliseconds, as some providers send it, takes precedence over `Retry-After`
    (RFC 9110 section 10.2.3) in seconds, decimals allowed, or as a date. A time that has passed
    means 0.

    Args:
        headers: The header fields of the response.
        now: The time at which they arrived, in seconds since the epoch.

    Returns:
        Seconds from `now`, or `None` where it cannot be read.
    """
    milliseconds = _number(header(headers, "retry-after-ms"))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000)
    value = header(headers, "retry-after")
    seconds = _number(value)
    if seconds is None and value:
        moment = _date(value)
        seconds = None if moment is None else moment - now
    return None if seconds is None else max(0.0, seconds)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _date(text: str) -> float | None:
    from datetime import UTC  # needed for one answer in many
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
        # An HTTP date is in GMT, also in the asctime form, which does not say so.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
