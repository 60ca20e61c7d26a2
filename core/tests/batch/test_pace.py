"""The pace, simulated against services with token buckets: no clock but the simulation's own."""

import heapq
import itertools
import random

import pytest
from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.batch.pace import Bucket, Limits, Pace


@define
class Service:
    """A service with a quota of requests, and one of tokens, as buckets that start full."""

    rate: float
    capacity: float
    token_rate: float = 1e12
    token_capacity: float = 1e12
    retry_after: float | None = None
    level: float = field(init=False)
    token_level: float = field(init=False)
    at: float = 0.0

    def __attrs_post_init__(self):
        self.level, self.token_level = self.capacity, self.token_capacity

    def admits(self, now, tokens):
        passed, self.at = now - self.at, now
        self.level = min(self.capacity, self.level + passed * self.rate)
        self.token_level = min(self.token_capacity, self.token_level + passed * self.token_rate)
        if self.level < 1 or self.token_level < tokens:
            return False
        self.level -= 1
        self.token_level -= tokens
        return True


@define
class Outcome:
    answered: int = 0
    refused: int = 0
    tokens: float = 0.0
    most_in_flight: int = 0

    @property
    def refusals(self):
        return self.refused / (self.answered + self.refused)


def simulate(
    service, limits, seconds, *, latency=0.4, seed=1, tokens=lambda _: 100, guess=100, ready=0.0
):
    """Send requests for some seconds, always having one to send, and count what comes of them.

    Requests that are sent before the connections are `ready` arrive then, all together.
    """
    now = 0.0
    numbers = random.Random(seed)
    pace = Pace(limits, clock=lambda: now)
    ends, count, outcome = [], itertools.count(), Outcome()
    while True:
        wait = pace.wait()
        outcome.most_in_flight = max(outcome.most_in_flight, pace.in_flight)
        if wait == 0:
            used = tokens(numbers)
            arrives = max(now, ready)
            admitted = service.admits(arrives, used)
            lasts = latency * numbers.uniform(0.5, 1.5) if admitted else 0.05
            heapq.heappush(ends, (arrives + lasts, next(count), pace.send(guess), admitted, used))
            continue
        until = now + (1e9 if wait is None else wait + 1e-9)
        if ends and ends[0][0] <= until:
            now, _, sent, admitted, used = heapq.heappop(ends)
            if admitted:
                pace.answered(sent, used)
                outcome.answered += 1
                outcome.tokens += used
            else:
                pace.refused(sent, service.retry_after)
                outcome.refused += 1
        else:
            now = until
        if now > seconds:
            return outcome


RATES = [0.5, 1, 10, 60]


def long_enough(rate):
    """Ten minutes, and at least 600 requests."""
    return max(600, 600 / rate)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("burst", [1, 60])
def test_a_given_quota_of_requests_is_used_and_not_exceeded(rate, burst):
    service = Service(rate, max(1, rate * burst))
    seconds = long_enough(rate)
    found = simulate(service, Limits(400, rpm=rate * 60), seconds)
    assert found.answered >= 0.97 * rate * seconds
    assert found.refusals <= 0.01


@pytest.mark.parametrize("rate", [1_000, 20_000])
def test_a_given_quota_of_tokens_is_used_and_not_exceeded(rate):
    service = Service(1e9, 1e9, token_rate=rate, token_capacity=rate * 60)
    found = simulate(
        service,
        Limits(400, tpm=rate * 60),
        600,
        tokens=lambda numbers: numbers.uniform(50, 450),
        guess=100,
    )
    assert found.tokens >= 0.97 * rate * 600
    assert found.refusals <= 0.01


@pytest.mark.parametrize("rate", RATES)
def test_first_requests_that_arrive_together_do_not_exceed_a_given_quota(rate):
    service = Service(rate, max(1, rate))
    seconds = long_enough(rate)
    found = simulate(service, Limits(64, rpm=rate * 60), seconds, ready=3.0)
    assert found.answered >= 0.97 * rate * seconds
    assert found.refusals <= 0.01


def test_first_answers_that_are_larger_than_expected_do_not_exceed_a_given_quota():
    service = Service(1e9, 1e9, token_rate=25_000, token_capacity=25_000)
    pace = Pace(Limits(64, tpm=25_000 * 60), clock=lambda: 0.0)
    sent = 0
    while pace.wait() == 0:
        pace.send(500)
        sent += 1
        assert service.admits(0.0, 5_000)
    assert sent == 2


@pytest.mark.parametrize("rate", [5, 60])
def test_a_given_quota_is_soon_used_again_after_others_have_used_it(rate):
    class Shared(Service):
        def admits(self, now, tokens):
            if self.at < 100 <= now:
                self.level = -rate
            return super().admits(now, tokens)

    found = simulate(Shared(rate, rate), Limits(64, rpm=rate * 60), 200)
    assert found.answered >= 0.97 * (rate * 200 - 2 * rate)
    assert found.refusals <= 0.01


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("burst", [1, 60])
@pytest.mark.parametrize("retry_after", [None, 1.0])
def test_a_quota_is_learnt(rate, burst, retry_after):
    service = Service(rate, max(1, rate * burst), retry_after=retry_after)
    seconds = long_enough(rate)
    found = simulate(service, Limits(256), seconds)
    assert found.answered >= 0.85 * rate * seconds
    assert found.refusals <= 0.05


@pytest.mark.parametrize("latency", [0.02, 5])
def test_a_quota_is_learnt_whatever_the_time_of_an_answer(latency):
    found = simulate(Service(20, 20), Limits(256), 600, latency=latency)
    assert found.answered >= 0.85 * 20 * 600
    assert found.refusals <= 0.05


def test_a_quota_of_tokens_is_learnt_as_a_rate_of_requests():
    service = Service(1e9, 1e9, token_rate=2_000, token_capacity=20_000)
    found = simulate(service, Limits(256), 600, tokens=lambda numbers: numbers.uniform(50, 350))
    assert found.tokens >= 0.85 * 2_000 * 600
    assert found.refusals <= 0.05


@pytest.mark.parametrize("factor", [0.3, 3, 10])
def test_a_quota_that_changes_is_learnt_again(factor):
    class Changing(Service):
        def admits(self, now, tokens):
            self.rate = 10 if now < 300 else 10 * factor
            return super().admits(now, tokens)

    service = Changing(10, 10)
    found = simulate(service, Limits(256), 900)
    assert found.answered >= 0.8 * (10 * 300 + 10 * factor * 600)
    assert found.refusals <= 0.05


def test_without_refusals_all_the_concurrency_is_used():
    found = simulate(Service(1e9, 1e9), Limits(32), 60)
    assert found.most_in_flight == 32
    assert found.answered >= 0.9 * 32 / 0.4 * 60


def test_overload_halves_the_concurrency_once_for_requests_that_were_sent_together():
    now = 0.0
    pace = Pace(Limits(64), clock=lambda: now)
    while pace.window < 64:
        pace.answered(pace.send(1), 1)
        sent = [pace.send(1) for _ in range(pace.window)]
        for each in sent:
            pace.answered(each, 1)
    sent = [pace.send(1) for _ in range(64)]
    now = 1.0
    for each in sent:
        pace.overloaded(each)
    assert pace.window == 44
    assert pace.rate is None


def test_a_wait_that_the_service_asks_for_holds_for_all_requests():
    now = 10.0
    pace = Pace(Limits(), clock=lambda: now)
    first, second = pace.send(1), pace.send(1)
    pace.refused(first, 30.0)
    assert pace.wait() == pytest.approx(30)
    pace.refused(second, 40.0)
    assert pace.wait() == pytest.approx(40)
    now = 60.0
    assert pace.wait() == 0


def test_a_service_that_refuses_everything_is_asked_less_and_less():
    found = simulate(Service(1e-9, 1, retry_after=None), Limits(64), 3600)
    assert found.refused < 200


times = st.floats(0, 5, allow_nan=False)
steps = st.lists(
    st.tuples(
        st.sampled_from(["send", "answered", "refused", "overloaded", "ended"]),
        times,
        st.one_of(st.none(), st.floats()),
    ),
    max_size=120,
)


@given(steps, st.integers(1, 8), st.one_of(st.none(), st.floats(0.1, 1e6)))
@settings(deadline=None)
def test_the_pace_never_gets_stuck_nor_exceeds_its_concurrency(steps, most, rpm):
    now = 100.0
    pace = Pace(Limits(most, rpm=rpm, tpm=rpm), clock=lambda: now)
    flying = []
    for what, passed, number in steps:
        now += passed
        wait = pace.wait()
        assert (wait is None) is (len(flying) >= pace.window)
        assert wait is None or 0 <= wait < float("inf")
        if what == "send":
            if wait == 0:
                flying.append(pace.send(10))
        elif flying:
            sent = flying.pop(0)
            match what:
                case "answered":
                    pace.answered(sent, 20)
                case "ended":
                    pace.ended(sent)
                case _:
                    getattr(pace, what)(sent, number)
        assert pace.in_flight == len(flying) <= most
        assert 1 <= pace.window <= most


@given(st.floats(0.1, 100), st.floats(0, 10), st.lists(times, max_size=60))
@settings(deadline=None)
def test_no_span_of_time_holds_more_than_the_rate_and_the_slack(rate, slack, pauses):
    bucket, now, sent = Bucket(rate, slack), 0.0, []
    for pause in pauses:
        now += pause
        while bucket.wait(now) == 0 and len(sent) < 2000:
            bucket.take(1, now)
            sent.append(now)
    for first in range(0, len(sent), 7):
        for last in range(first, len(sent), 5):
            within = last - first + 1
            assert within <= (sent[last] - sent[first]) * rate + slack + 1 + 1e-6
