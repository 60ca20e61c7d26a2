"""A schedule never lets a minute have more than the quota."""

import random

import pytest

from modelwire_ray.schedule import Schedule


def most_in_a_minute(starts):
    return max(sum(1 for other in starts if 0 <= other - start < 60) for start in starts)


@pytest.mark.parametrize("seed", range(5))
def test_no_minute_has_more_requests_than_the_quota(seed):
    times = random.Random(seed)
    schedule = Schedule(requests_per_minute=30)
    now, starts = 100.0, []
    for _ in range(300):
        now += times.choice([0, 0, 0, 0.5, 90])
        starts.append(schedule.take(10, now))
    assert starts == sorted(starts)
    # To the accuracy of floating point, the sixty seconds end where the next call begins.
    assert most_in_a_minute([round(start, 6) for start in starts]) <= 30


def test_calls_wait_for_the_tokens_of_those_before_them():
    schedule = Schedule(tokens_per_minute=6000)
    assert [schedule.take(tokens, 0.0) for tokens in (100, 600, 50, 1)] == [0, 1, 7, 7.5]


def test_the_stricter_of_two_limits_holds():
    schedule = Schedule(requests_per_minute=60, tokens_per_minute=6000)
    assert [schedule.take(tokens, 0.0) for tokens in (10, 300, 10, 10)] == [0, 1, 4, 5]


def test_what_was_not_used_is_given_back():
    schedule = Schedule(tokens_per_minute=6000)
    schedule.take(1000, 0.0)
    schedule.correct(requests=0, tokens=-900)
    assert schedule.take(100, 0.0) == pytest.approx(1)


def test_retries_and_further_tokens_are_paid_for_later():
    schedule = Schedule(requests_per_minute=60, tokens_per_minute=6000)
    schedule.take(100, 0.0)
    schedule.correct(requests=2, tokens=0)
    assert schedule.take(100, 0.0) == 3
    schedule.correct(requests=0, tokens=900)
    assert schedule.take(100, 0.0) == 13


def test_time_that_passed_unused_is_not_saved_up():
    schedule = Schedule(requests_per_minute=60)
    schedule.take(1, 0.0)
    assert [schedule.take(1, 1000.0) for _ in range(3)] == [1000, 1001, 1002]


def test_no_limit_is_no_wait():
    schedule = Schedule()
    assert [schedule.take(10**9, 5.0) for _ in range(3)] == [5, 5, 5]
