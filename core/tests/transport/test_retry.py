import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwire.errors import AuthenticationError, Overloaded, RateLimited, ServerError
from modelwire.transport import (
    RetryPolicy,
    delay_before,
    parse_retry_after,
    retrying,
    retrying_call,
)

AT_ONCE = RetryPolicy(max_attempts=3, base=0)
NOW = 784111767.0  # ten seconds before the date of RFC 9110's examples


def most():
    return 1.0


@pytest.mark.parametrize(
    ("attempt", "delay"), [(1, 0.5), (2, 1.0), (3, 2.0), (5, 8.0), (5000, 8.0)]
)
def test_the_wait_doubles_up_to_the_cap(attempt, delay):
    policy = RetryPolicy(max_attempts=10_000)
    assert delay_before(policy, attempt, ServerError("x"), random=most) == delay
    assert delay_before(policy, attempt, ServerError("x"), random=lambda: 0.0) == 0.0


@pytest.mark.parametrize(
    ("asked", "alone", "with_a_fallback"),
    [(0, 0.0, 0.0), (2, 2.0, 2.0), (3, 3.0, None), (30, 30.0, None), (31, None, None)],
)
def test_a_wait_is_short_while_another_model_may_answer(asked, alone, with_a_fallback):
    policy, error = RetryPolicy(), RateLimited("x", retry_after=asked)
    assert delay_before(policy, 1, error, random=lambda: 0.0) == alone
    assert delay_before(policy.before_fallback(), 1, error, random=lambda: 0.0) == with_a_fallback


def test_the_doubling_is_short_too_while_another_model_may_answer():
    policy = RetryPolicy(max_attempts=10).before_fallback()
    assert delay_before(policy, 9, ServerError("x"), random=most) == 2.0


def test_a_policy_that_waits_less_is_kept():
    policy = RetryPolicy(cap=0.5, longest_wait=1.0)
    assert policy.before_fallback() == policy


@pytest.mark.parametrize(
    ("error", "attempt", "remaining"),
    [
        pytest.param(AuthenticationError("x"), 1, None, id="it is not retryable"),
        pytest.param(ServerError("x", retryable=False), 1, None, id="it says it is not retryable"),
        pytest.param(ServerError("x"), 3, None, id="the tries are used up"),
        pytest.param(
            RateLimited("x", retry_after=31), 1, None, id="the provider asks for too long"
        ),
        pytest.param(RateLimited("x", retry_after=10), 1, 10.0, id="the deadline comes first"),
        pytest.param(ServerError("x"), 1, 0.0, id="no time is left"),
        pytest.param(ServerError("x"), 1, -1.0, id="the deadline has passed"),
    ],
)
def test_nothing_is_tried_again_when(error, attempt, remaining):
    assert delay_before(RetryPolicy(), attempt, error, remaining=remaining) is None


@given(st.floats(0, 30), st.integers(1, 2), st.floats(0, 1, exclude_max=True))
def test_what_the_provider_asks_for_is_the_least(asked, attempt, chance):
    error = RateLimited("x", retry_after=asked)
    delay = delay_before(RetryPolicy(), attempt, error, random=lambda: chance)
    assert asked <= delay <= asked + 8


@pytest.mark.parametrize("asked", [float("nan"), -5, -(10**400), "5", [], None, b"5"])
def test_what_is_no_time_to_wait_is_passed_over(asked):
    error = RateLimited("x", retry_after=asked)
    assert delay_before(RetryPolicy(), 1, error, random=most) == 0.5


@pytest.mark.parametrize("asked", [float("inf"), 1e300, 10**400])
def test_an_endless_wait_is_refused(asked):
    assert delay_before(RetryPolicy(), 1, RateLimited("x", retry_after=asked)) is None


@pytest.mark.parametrize("options", [{"max_attempts": 0}, {"base": -1}, {"cap": -1}])
def test_a_policy_that_makes_no_sense_is_refused(options):
    with pytest.raises(ValueError):  # noqa: PT011 - attrs words the message
        RetryPolicy(**options)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "5"}, 5.0),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After-Ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"Retry-After": "9" * 5000}, None),
        ({"Retry-After": "1e999"}, None),
        ({"Retry-After": f"Sun, {'9' * 5000} Nov 1994 08:49:37 GMT"}, None),
        ({"Retry-After": "Sun, 06 Nov 99999 08:49:37 GMT"}, None),
        ({"Retry-After": "Sun, 06 Nov 9999 08:49:37 -99999999999999999999"}, None),
        ({"Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT"}, 10.0),
        ({"Retry-After": "Sunday, 06-Nov-94 08:49:37 GMT"}, 10.0),
        ({"Retry-After": "Sun Nov  6 08:49:37 1994"}, 10.0),
        ({"Retry-After": "Sun, 06 Nov 1994 08:00:00 GMT"}, 0.0),
        ({"Retry-After": "later"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "Sun, 99 Nov 1994 08:49:37 GMT"}, None),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers, seconds):
    assert parse_retry_after(headers, NOW) == seconds


@given(st.text(max_size=40))
def test_a_senseless_retry_after_is_no_trouble(value):
    seconds = parse_retry_after({"retry-after": value, "retry-after-ms": value}, NOW)
    assert seconds is None or seconds >= 0


class Source:
    """A stream that fails in the given ways, one after the other, and then succeeds."""

    def __init__(self, *failures, items=(1, 2)):
        self.failures = list(failures)
        self.items = items
        self.opened = 0
        self.closed = 0

    async def open(self):
        self.opened += 1
        try:
            if self.failures:
                raise self.failures.pop(0)
            for item in self.items:
                yield item
        finally:
            self.closed += 1

    async def call(self):
        self.opened += 1
        if self.failures:
            raise self.failures.pop(0)
        return list(self.items)


async def collect(stream):
    return [item async for item in stream]


async def test_a_stream_that_fails_before_its_first_item_is_opened_again():
    source = Source(ServerError("one"), Overloaded("two"))
    seen = []
    assert await collect(retrying(source.open, AT_ONCE, model="a/b", on_failure=seen.append)) == [
        1,
        2,
    ]
    assert (source.opened, source.closed) == (3, 3)
    assert [(a.model, a.code, a.message, a.waited) for a in seen] == [
        ("a/b", "server_error", "one", 0.0),
        ("a/b", "overloaded", "two", 0.0),
    ]


async def test_the_last_error_tells_of_the_tries_before_it():
    source = Source(ServerError("one"), ServerError("two"), ServerError("three"))
    seen = []
    with pytest.raises(ServerError, match="three") as caught:
        await collect(retrying(source.open, AT_ONCE, model="a/b", on_failure=seen.append))
    assert [attempt.message for attempt in caught.value.attempts] == ["one", "two"]
    assert [attempt.waited for attempt in seen] == [0.0, 0.0, None]
    assert source.closed == 3


async def test_what_is_not_retryable_is_raised_at_once():
    source = Source(AuthenticationError("no"))
    with pytest.raises(AuthenticationError):
        await collect(retrying(source.open, AT_ONCE, model="a/b"))
    assert source.opened == 1


async def test_nothing_is_tried_again_after_the_first_item():
    opened = 0

    async def fails_late():
        nonlocal opened
        opened += 1
        yield 1
        raise ServerError("late")

    stream = retrying(fails_late, AT_ONCE, model="a/b")
    assert await anext(stream) == 1
    with pytest.raises(ServerError, match="late"):
        await anext(stream)
    assert opened == 1


async def test_no_new_try_is_begun_that_the_total_deadline_would_cut():
    source = Source(RateLimited("wait", retry_after=20))
    with pytest.raises(RateLimited):
        await collect(retrying(source.open, AT_ONCE, model="a/b", total=10))
    assert source.opened == 1


async def test_closing_the_generator_closes_the_stream():
    source = Source()
    stream = retrying(source.open, AT_ONCE, model="a/b")
    assert await anext(stream) == 1
    await stream.aclose()
    assert source.closed == 1


class Items:
    """An iterator that is no generator, so that nothing but its caller closes it."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)
        self.closed = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        outcome = self.outcomes.pop(0) if self.outcomes else StopAsyncIteration()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def aclose(self):
        self.closed += 1


@pytest.mark.parametrize(
    "outcomes",
    [
        [],
        [1, 2],
        [1, ServerError("late")],
        [AuthenticationError("x")],
        [ValueError("x")],
        [asyncio.CancelledError()],
    ],
    ids=["nothing", "an end", "a late failure", "a refusal", "a bug", "a cancellation"],
)
async def test_a_stream_is_closed_however_it_ends(outcomes):
    items = Items(*outcomes)
    failure = next((each for each in outcomes if isinstance(each, BaseException)), None)
    reading = collect(retrying(lambda: items, AT_ONCE, model="a/b"))
    if failure is None:
        assert await reading == outcomes
    else:
        with pytest.raises(type(failure)):
            await reading
    assert items.closed == 1


async def test_a_wait_can_be_cancelled():
    source = Source(RateLimited("wait", retry_after=25))
    failed = asyncio.Event()
    stream = retrying(source.open, RetryPolicy(), model="a/b", on_failure=lambda _: failed.set())
    task = asyncio.create_task(collect(stream))
    await failed.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert source.opened == 1


async def test_a_call_is_retried_like_a_stream():
    source = Source(ServerError("one"))
    assert await retrying_call(source.call, AT_ONCE, model="a/b") == [1, 2]
    source = Source(*(ServerError(str(n)) for n in range(5)))
    with pytest.raises(ServerError, match="2") as caught:
        await retrying_call(source.call, AT_ONCE, model="a/b")
    assert [attempt.message for attempt in caught.value.attempts] == ["0", "1"]
