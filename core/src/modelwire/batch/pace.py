"""The pace of a batch: when the next request is sent, so that the service's limits are used but not hit.

There are two ways to a limit. A quota that is given is a bucket that is emptied as evenly as the service
fills it. A quota that is not given is learnt: the number of requests in flight doubles until the service
refuses one; from then on requests have a rate, which is cut at a refusal and grows slowly until the next
(additive increase and multiplicative decrease, Chiu and Jain, 1989). A cut is as deep as the share of
requests that were refused before it, and requests that were sent before a cut do not cause another.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from attrs import define, field, frozen, validators

__all__ = ["Bucket", "Limits", "Pace", "SentRequest"]

_GIVEN_SHARE: Final = 0.99
"""The share of a given quota that is used; the rest is for clocks that differ."""
_GIVEN_SLACK: Final = 0.5
_LEARNT_SLACK: Final = 0.25
"""Seconds of a quota that may be used at once, as after a time in which nothing was to be sent."""
_FIRST_WINDOW: Final = 8
_FIRST_OF_GIVEN: Final = 2
"""Requests in flight until the first answer, where a quota is given: connections are not ready, so that
requests may arrive together, and the size of an answer is not known."""
_DEEPEST_CUT: Final = 0.35
_SLIGHTEST_CUT: Final = 0.93
_NEAR: Final = 0.1
"""How near the limit is thought to be, as a share of it, where the rate grows slowly."""
_SLOW_GROWTH: Final = 0.004
_FAST_GROWTH: Final = 0.05
"""Growth of the rate in a second, as a share of it."""
_MOST_AHEAD: Final = 4
"""How many times as high as what is sent the rate may grow, where something else is the limit."""
_GROWTH_BY_ANSWER: Final = 0.002
"""The most growth for an answer, so that slow services are not probed for each of their answers."""
_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 30.0

_not_negative = validators.optional(validators.gt(0))


@frozen
class Limits:
    """The limits of a batch.

    Attributes:
        concurrency: The maximum of requests in flight.
        rpm: Requests per minute, or `None` where the quota is to be learnt.
        tpm: Tokens of requests and answers per minute, or `None`.
    """

    concurrency: int = field(default=64, validator=validators.ge(1))
    rpm: float | None = field(default=None, validator=_not_negative)
    tpm: float | None = field(default=None, validator=_not_negative)


@define
class Bucket:
    """A quota as a bucket that fills evenly (the generic cell rate algorithm).

    More can be taken than there is, as the size of an answer is known only afterwards; what
    follows then waits longer.

    Attributes:
        rate: What is added in a second.
        slack: What may be taken at once beyond a first request, however large that is.
        due: The time at which it would be full, if nothing more were taken.
    """

    rate: float
    slack: float
    due: float = -math.inf

    def wait(self, now: float) -> float:
        """Seconds until something may be taken."""
        return max(0.0, self.due - self.slack / self.rate - now)

    def take(self, amount: float, now: float) -> None:
        """Take an amount."""
        self.due = max(self.due, now) + amount / self.rate

    def correct(self, amount: float) -> None:
        """Take more of what was taken before, or give some of it back."""
        self.due += amount / self.rate

    def change(self, rate: float, now: float) -> None:
        """Change the rate of a bucket that turned out to be empty."""
        self.rate = rate
        self.slack = max(0.0, rate * _LEARNT_SLACK - 1)
        self.due = now + (1 + self.slack) / rate


@frozen
class SentRequest:
    """A request in flight.

    Attributes:
        at: When it was sent.
        tokens: The tokens that were taken for it.
        probes: Whether as many requests were in flight as may be.
        order: The number of requests that were sent before it since the rate was cut. As refusals are quick,
            all of them were accepted where it is the first that is refused.
    """

    at: float
    tokens: float
    probes: bool
    order: int


class Pace:
    """The pace at which requests are sent; a state machine without I/O.

    Args:
        limits: The limits that are given.
        clock: The time in seconds.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._most = limits.concurrency
        self._requests = _bucket(limits.rpm)
        self._tokens = _bucket(limits.tpm)
        self._learnt: Bucket | None = None
        self._ceiling = math.inf
        self._given = limits.rpm is not None or limits.tpm is not None
        first = _FIRST_OF_GIVEN if self._given else _FIRST_WINDOW
        self._window = float(min(first, limits.concurrency))
        self._starting = True
        self._cut_at = -math.inf
        self._sent_since_cut = 0
        self._cuts_in_a_row = 0
        self._grown_at = 0.0
        self._paused_until = -math.inf
        self._recent = 0.0
        self._recent_at = -math.inf
        self.in_flight = 0

    @property
    def window(self) -> int:
        """The number of requests that may be in flight."""
        return max(1, int(self._window))

    @property
    def rate(self) -> float | None:
        """The learnt rate in requests per second, or `None` while the service has refused none."""
        return None if self._learnt is None else self._learnt.rate

    def wait(self) -> float | None:
        """Seconds until the next request may be sent, or `None` until one in flight has ended."""
        if self.in_flight >= self.window:
            return None
        now = self._clock()
        self._grow(now)
        buckets = (self._requests, self._tokens, self._learnt)
        waits = [bucket.wait(now) for bucket in buckets if bucket is not None]
        return max(0.0, self._paused_until - now, *waits)

    def send(self, tokens: float) -> SentRequest:
        """Note that a request is sent now.

        Args:
            tokens: The tokens that it and its answer are expected to have.
        """
        now = self._clock()
        self.in_flight += 1
        for bucket, amount in ((self._requests, 1), (self._tokens, tokens), (self._learnt, 1)):
            if bucket is not None:
                bucket.take(amount, now)
        self._recent = self._recent * math.exp(self._recent_at - now) + 1
        self._recent_at = now
        self._sent_since_cut += 1
        return SentRequest(now, tokens, self.in_flight >= self.window, self._sent_since_cut - 1)

    def answered(self, request: SentRequest, tokens: float) -> None:
        """Note an answer, with the tokens that it and its request had."""
        self._end(request, tokens)
        if request.at < self._cut_at:
            return
        self._cuts_in_a_row = 0
        if self._given and self._starting:
            # The quota is the limit from now on.
            self._starting = False
            self._window = float(self._most)
        elif request.probes and self._window < self._most:
            self._window += 1 if self._starting else 1 / self._window

    def refused(self, request: SentRequest, retry_after: float | None = None) -> None:
        """Note that the service refused a request because there were too many.

        Args:
            request: The request.
            retry_after: Seconds to wait, as the service says.
        """
        now = self._clock()
        if not self._begins_cut(request, now, retry_after):
            return
        is_first = self._learnt is None
        before = self._recent_rate() if self._learnt is None else self._learnt.rate
        share = request.order / (request.order + 1) if self._given or not is_first else 0.0
        factor = min(_SLIGHTEST_CUT, max(_DEEPEST_CUT, share))
        if self._cuts_in_a_row == 1:
            # One refusal does not say that a given quota is too high: others may have used it.
            self._ceiling = math.inf if self._given and is_first else before
        elif self._given:
            factor = 1.0  # the pauses get longer
        rate = max(before * factor, 1 / 60)
        if self._learnt is None:
            self._learnt = Bucket(rate, 0.0)
        self._learnt.change(rate, now)
        self._grown_at = max(now, self._paused_until)

    def overloaded(self, request: SentRequest, retry_after: float | None = None) -> None:
        """Note that the service had no capacity, did not answer in time, or could not be reached."""
        if not self._begins_cut(request, self._clock(), retry_after):
            return
        self._starting = False
        self._window = max(1.0, self._window * 0.7)

    def ended(self, request: SentRequest) -> None:
        """Note the end of a request that says nothing about the service's limits."""
        self._end(request, request.tokens)

    def _recent_rate(self) -> float:
        """The requests of the last second, at most those that are given."""
        given = math.inf if self._requests is None else self._requests.rate
        return min(self._recent, given)

    def _end(self, request: SentRequest, tokens: float) -> None:
        self.in_flight -= 1
        if self._tokens is not None:
            self._tokens.correct(tokens - request.tokens)

    def _begins_cut(self, request: SentRequest, now: float, retry_after: float | None) -> bool:
        """End a request that failed; whether that is news, as it was sent after the last cut."""
        self._end(request, 0.0)
        if request.at < self._cut_at:
            self._pause(now, retry_after)
            return False
        self._cut_at = now
        self._sent_since_cut = 0
        self._cuts_in_a_row += 1
        doubled = _FIRST_PAUSE * 2 ** min(self._cuts_in_a_row - 2, 20)
        own = min(_LONGEST_PAUSE, doubled) if self._cuts_in_a_row > 1 else 0.0
        self._pause(now, max(own, retry_after or 0.0))
        return True

    def _pause(self, now: float, seconds: float | None) -> None:
        if seconds is not None and seconds > 0 and math.isfinite(seconds):
            self._paused_until = max(self._paused_until, now + seconds)

    def _grow(self, now: float) -> None:
        """Let the learnt rate grow for the time since it last grew."""
        if self._learnt is None or now <= self._grown_at:
            return
        seconds, self._grown_at = now - self._grown_at, now
        rate = self._learnt.rate
        recent = self._recent * math.exp(self._recent_at - now)
        if rate > _MOST_AHEAD * max(self._ceiling, recent):
            return
        near = abs(rate / self._ceiling - 1) <= _NEAR
        growth = _SLOW_GROWTH if near else _FAST_GROWTH
        if near:
            growth = min(growth, _GROWTH_BY_ANSWER * rate)
        self._learnt.rate = rate * (1 + growth * min(seconds, 1.0))


def _bucket(per_minute: float | None) -> Bucket | None:
    if per_minute is None:
        return None
    rate = per_minute / 60 * _GIVEN_SHARE
    return Bucket(rate, max(0.0, rate * _GIVEN_SLACK - 1))
