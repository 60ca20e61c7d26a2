"""Counters in memory and in Valkey: one contract, exact under many requests at a time."""

import asyncio
import time
import uuid

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelwire_gateway.access.counters import (
    Allowance,
    CountersUnavailable,
    Demand,
    ReachedLimit,
    Reservation,
    Spending,
)
from modelwire_gateway.access.periods import Period
from modelwire_gateway.storage.memory_counters import MemoryCounters
from modelwire_gateway.storage.valkey_counters import ValkeyCounters


def today():
    return Period.at(time.time())


def demand(allowance, *, tokens=0, cost=0, caller=None, period=None):
    return Demand(caller or uuid.uuid4().hex, allowance, tokens, cost, period or today())


@pytest.fixture(params=["memory", "valkey"])
async def replicas(request):
    """Two views of the same counters, as two replicas have; of memory there is only one."""
    if request.param == "memory":
        made = MemoryCounters()
        yield made, made
        return
    url = request.getfixturevalue("counting_url")
    first, second = ValkeyCounters(url, timeout=60), ValkeyCounters(url, timeout=60)
    yield first, second
    await first.aclose()
    await second.aclose()


@pytest.fixture
def counters(replicas):
    return replicas[0]


async def reserve(counters, asked, day, month):
    """Reserve where a caller has spent so much before."""
    reserved = await counters.reserve(asked)
    if reserved is None:
        await counters.learn_spending(asked.caller, Spending(asked.period, day, month))
        reserved = await counters.reserve(asked)
    return reserved


async def at_once(replicas, asked, times=200):
    """How many of so many requests at the same time are let in by two replicas."""
    answers = await asyncio.gather(*(replicas[n % 2].reserve(asked) for n in range(times)))
    return [answer for answer in answers if isinstance(answer, Reservation)]


async def test_requests_a_minute_are_exact_under_200_clients_and_two_replicas(replicas):
    asked = demand(Allowance(requests_per_minute=73))
    assert len(await at_once(replicas, asked)) == 73


async def test_tokens_a_minute_are_exact_under_200_clients_and_two_replicas(replicas):
    asked = demand(Allowance(tokens_per_minute=1000), tokens=30)
    assert len(await at_once(replicas, asked)) == 33


async def test_concurrency_is_exact_under_200_clients_and_two_replicas(replicas):
    asked = demand(Allowance(concurrency=17))
    running = await at_once(replicas, asked)
    assert len(running) == 17
    for reservation in running[:5]:
        await replicas[1].settle(reservation, 0, 0, today())
    assert len(await at_once(replicas, asked)) == 5


async def test_a_budget_is_overdrawn_by_one_request_at_most(replicas):
    asked = demand(Allowance(budget_day=1000), cost=30)
    assert await reserve(replicas[0], asked, 100, 100) is not None
    assert len(await at_once(replicas, asked)) == 29  # 31 times 30 are 900 and more


async def test_nothing_is_counted_for_a_request_that_is_refused(counters):
    asked = demand(Allowance(requests_per_minute=10, tokens_per_minute=100), tokens=60)
    assert isinstance(await counters.reserve(asked), Reservation)
    for _ in range(20):
        answer = await counters.reserve(asked)
        assert isinstance(answer, ReachedLimit)
        assert answer.limit == "tokens_per_minute"
    small = evolve(asked, tokens=1)
    assert isinstance(await counters.reserve(small), Reservation)


async def test_a_refusal_says_when_there_is_room_again(counters):
    asked = demand(Allowance(requests_per_minute=1))
    await counters.reserve(asked)
    full = await counters.reserve(asked)
    assert full.limit == "requests_per_minute"
    assert 50 < full.retry_after <= 61


async def test_what_was_not_used_is_given_back(counters):
    asked = demand(Allowance(tokens_per_minute=100), tokens=100)
    reservation = await counters.reserve(asked)
    assert isinstance(await counters.reserve(asked), ReachedLimit)
    await counters.settle(reservation, 40, 0, today())
    assert isinstance(await counters.reserve(evolve(asked, tokens=60)), Reservation)
    assert isinstance(await counters.reserve(evolve(asked, tokens=1)), ReachedLimit)


async def test_what_was_used_beyond_the_estimate_is_counted(counters):
    asked = demand(Allowance(tokens_per_minute=100), tokens=10)
    reservation = await counters.reserve(asked)
    await counters.settle(reservation, 99, 0, today())
    assert isinstance(await counters.reserve(asked), ReachedLimit)
    assert isinstance(await counters.reserve(evolve(asked, tokens=1)), Reservation)


async def test_a_budget_needs_to_know_what_was_spent_before(counters):
    asked = demand(Allowance(budget_day=100, budget_month=1000), cost=1)
    assert await counters.reserve(asked) is None
    assert isinstance(await reserve(counters, asked, 99, 99), Reservation)
    full = await counters.reserve(asked)
    assert (full.limit, full.retry_after) == ("budget_day", None)


async def test_the_month_has_a_budget_of_its_own(counters):
    asked = demand(Allowance(budget_day=100, budget_month=1000), cost=1)
    full = await reserve(counters, asked, 0, 1000)
    assert full.limit == "budget_month"


async def test_money_that_was_set_aside_and_not_spent_is_free_again(counters):
    asked = demand(Allowance(budget_month=100), cost=100)
    reservation = await reserve(counters, asked, 0, 0)
    assert isinstance(await counters.reserve(asked), ReachedLimit)
    await counters.settle(reservation, 0, 99, today())
    reservation = await counters.reserve(asked)
    assert isinstance(reservation, Reservation)
    await counters.settle(reservation, 0, 1, today())
    assert isinstance(await counters.reserve(asked), ReachedLimit)


async def test_amounts_of_money_stay_whole_numbers(counters):
    million = 1_000_000 * 1_000_000_000
    asked = demand(Allowance(budget_month=million), cost=million - 1)
    reservation = await reserve(counters, asked, 0, 0)
    await counters.settle(reservation, 0, million - 1, today())
    assert isinstance(await counters.reserve(evolve(asked, cost=1)), Reservation)
    assert isinstance(await counters.reserve(evolve(asked, cost=1)), ReachedLimit)


async def test_a_new_day_begins_with_what_the_database_says(counters):
    asked = demand(Allowance(budget_day=10), cost=10)
    yesterday = Period.at(time.time() - 86_400)
    reservation = await reserve(counters, evolve(asked, period=yesterday), 0, 0)
    await counters.settle(reservation, 0, 10, yesterday)
    assert await counters.reserve(asked) is None
    assert isinstance(await reserve(counters, asked, 0, 0), Reservation)


async def test_spending_that_is_forgotten_is_asked_for_again(counters):
    asked = demand(Allowance(budget_day=10), cost=1)
    await reserve(counters, asked, 0, 0)
    await counters.forget_spending([asked.caller])
    assert await counters.reserve(asked) is None


async def test_callers_do_not_share_limits(counters):
    allowance = Allowance(requests_per_minute=1)
    assert isinstance(await counters.reserve(demand(allowance)), Reservation)
    assert isinstance(await counters.reserve(demand(allowance)), Reservation)


async def test_a_model_that_cools_down_is_left_out_for_a_while(replicas):
    bad, good = f"x/{uuid.uuid4().hex}", f"x/{uuid.uuid4().hex}"
    await replicas[0].cool_down(bad, 0.3)
    assert await replicas[1].cooling([bad, good]) == {bad}
    await asyncio.sleep(0.35)
    assert await replicas[1].cooling([bad, good]) == frozenset()


async def test_a_shorter_cooldown_does_not_end_a_longer_one(counters):
    model = f"x/{uuid.uuid4().hex}"
    await counters.cool_down(model, 30)
    await counters.cool_down(model, 0.01)
    await asyncio.sleep(0.05)
    assert await counters.cooling([model]) == {model}


async def test_a_minute_slides():
    now = 1000.25
    counters = MemoryCounters(clock=lambda: now)
    asked = demand(Allowance(requests_per_minute=2))
    assert isinstance(await counters.reserve(asked), Reservation)
    now = 1030.75
    assert isinstance(await counters.reserve(asked), Reservation)
    full = await counters.reserve(asked)
    assert full.retry_after == pytest.approx(30.25)
    now += full.retry_after
    assert isinstance(await counters.reserve(asked), Reservation)
    assert isinstance(await counters.reserve(asked), ReachedLimit)


@settings(max_examples=200)
@given(st.lists(st.floats(0, 30), min_size=1, max_size=80), st.integers(1, 6))
def test_no_minute_has_more_requests_than_the_limit(gaps, limit):
    now, begun = 500.0, []

    async def run():
        nonlocal now
        counters = MemoryCounters(clock=lambda: now)
        asked = demand(Allowance(requests_per_minute=limit))
        for gap in gaps:
            now += gap
            if isinstance(await counters.reserve(asked), Reservation):
                begun.append(now)
        return all(sum(start <= other < start + 60 for other in begun) <= limit for start in begun)

    assert asyncio.run(run())


STEP = st.one_of(
    st.tuples(st.just("reserve"), st.integers(0, 40), st.integers(0, 40)),
    st.tuples(st.just("settle"), st.integers(0, 60), st.integers(0, 60)),
)
LIMIT = st.none() | st.integers(1, 120)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.builds(Allowance, LIMIT, LIMIT, st.none() | st.integers(1, 4), LIMIT, LIMIT),
    st.lists(STEP, max_size=25),
)
def test_memory_and_valkey_decide_alike(counting_url, allowance, steps):
    async def run():
        valkey = ValkeyCounters(counting_url, timeout=60)
        both = (MemoryCounters(), valkey)
        caller, running = uuid.uuid4().hex, []
        try:
            for kind, tokens, cost in steps:
                if kind == "reserve":
                    asked = demand(allowance, tokens=tokens, cost=cost, caller=caller)
                    made = [await reserve(one, asked, 3, 5) for one in both]
                    assert [type(answer) for answer in made] in (
                        [Reservation] * 2,
                        [ReachedLimit] * 2,
                    )
                    if isinstance(made[0], ReachedLimit):
                        assert made[0].limit == made[1].limit
                    else:
                        running.append(made)
                elif running:
                    for one, reservation in zip(both, running.pop(0), strict=True):
                        await one.settle(reservation, tokens, cost, today())
        finally:
            await valkey.aclose()

    asyncio.run(run())


async def test_what_a_lost_replica_ran_is_given_free(counting_url, monkeypatch):
    monkeypatch.setattr("modelwire_gateway.storage.valkey_counters.LEASE_SECONDS", 1)
    lost, other = ValkeyCounters(counting_url, timeout=60), ValkeyCounters(counting_url, timeout=60)
    asked = demand(Allowance(concurrency=1, budget_day=10), cost=10)
    reservation = await reserve(lost, asked, 0, 0)
    assert isinstance(await other.reserve(asked), ReachedLimit)
    async with asyncio.timeout(30):
        await asyncio.sleep(0.6)
        await lost.renew([reservation])
        await asyncio.sleep(0.6)
        # Renewed in time: it is still running.
        assert isinstance(await other.reserve(asked), ReachedLimit)
        await lost.aclose()
        while not isinstance(await other.reserve(asked), Reservation):
            await asyncio.sleep(0.1)
    await other.aclose()


async def test_a_request_whose_client_leaves_while_it_is_reserved_holds_nothing(replicas):
    """Whether the answer of the server was still to come or not."""
    asked = demand(Allowance(concurrency=50, tokens_per_minute=50), tokens=1)
    for number in range(100):
        leaving = asyncio.create_task(replicas[0].reserve(asked))
        await asyncio.sleep(0.00005 * (number % 20))
        leaving.cancel()
        (left,) = await asyncio.gather(leaving, return_exceptions=True)
        if isinstance(left, Reservation):
            await replicas[0].settle(left, 0, 0, today())
    async with asyncio.timeout(30):
        while True:
            reserved = await at_once(replicas, asked, 50)
            for each in reserved:
                await replicas[0].settle(each, 0, 0, today())
            if len(reserved) == 50:
                break
            await asyncio.sleep(0.1)


async def test_a_server_that_is_not_there_is_said_so():
    counters = ValkeyCounters("valkey://127.0.0.1:1/0")
    with pytest.raises(CountersUnavailable):
        await counters.reserve(demand(Allowance(concurrency=1)))
    await counters.aclose()
