"""Cancelling an answer at every single await, and at random under load.

A driver counts the suspensions of a coroutine and strikes at the n-th, for every n up to the end, so
no await is missed and no clock is involved. After each strike the cancellation is told as what it is,
the service has seen its end of the connection close, and nothing is left.
"""

import asyncio
import random

import pytest
from attrs import evolve
from each_wire import EACH_WIRE
from leaks import HeldResources, reached, settled
from long_runs import scaled
from suspension import StruckTask
from wires import TEXTS

from modelwire.errors import Cancelled

BOTH_ENDS = 2
"""Sockets of a connection, whose server is in the same process."""


@pytest.fixture(params=EACH_WIRE)
def wire(request):
    with request.param.start():
        request.param.answers()
        yield request.param


@pytest.fixture
async def runtime(wire, tmp_path):
    """A runtime with a kept connection."""
    async with wire.runtime(tmp_path) as runtime:
        await runtime.complete("hi", model=wire.ref)
        yield runtime


async def iterate(stream):
    async with stream:
        async for _ in stream:
            pass
    return stream.message


async def at_every_suspension(wire, expected, begin):
    """Strike at the first suspension, at the second, and so on, until one comes too late."""
    held = HeldResources.now()
    number = 0
    while True:
        number += 1
        wire.answers()
        struck = begin(number)
        outcome = await struck.outcome()
        assert await reached(lambda: None not in wire.ends()), (number, wire.ends())
        assert not await settled(held), number
        if not struck.happened:
            assert outcome.text == "".join(TEXTS)
            return number
        assert type(outcome) is expected, (number, outcome)


async def test_cancelling_the_task_at_every_await_of_a_kept_connection(wire, runtime):
    def begin(number):
        return StruckTask(runtime.complete("hi", model=wire.ref), number)

    assert await at_every_suspension(wire, asyncio.CancelledError, begin) > 3


async def test_cancelling_the_task_at_every_await_from_the_first_connection_on(wire, tmp_path):
    async def from_nothing():
        async with wire.runtime(tmp_path) as runtime:
            return await runtime.complete("hi", model=wire.ref)

    def begin(number):
        return StruckTask(from_nothing(), number)

    assert await at_every_suspension(wire, asyncio.CancelledError, begin) > 5


async def test_cancel_of_the_stream_at_every_await_is_reported_as_such(wire, runtime):
    def begin(number):
        stream = runtime.stream("hi", model=wire.ref)
        return StruckTask(iterate(stream), number, stream.cancel)

    assert await at_every_suspension(wire, Cancelled, begin) > 3


async def test_leaving_after_every_event_closes_the_connection(wire, runtime):
    events = [event async for event in runtime.stream("hi", model=wire.ref)]
    held = HeldResources.now()
    for count in range(len(events) + 1):
        wire.answers()
        async with runtime.stream("hi", model=wire.ref) as stream:
            for _ in range(count):
                await anext(aiter(stream))
        assert await reached(lambda: None not in wire.ends())
        assert not await settled(held), count
    assert (await runtime.complete("hi", model=wire.ref)).text == "".join(TEXTS)


async def test_cancelling_at_every_await_while_models_are_listed(wire, runtime):
    """What is cancelled is the waiting; the fetch goes on for whoever else may wait for it."""
    provider = wire.ref.partition("/")[0]
    held = HeldResources.now()
    # Lists that are fetched side by side have a connection each where they overlap.
    held = evolve(held, sockets=held.sockets + (wire.lists - 1) * BOTH_ENDS)
    await runtime.catalog.listing(provider, refresh=True)
    assert not await settled(held)
    number, happened = 0, True
    while happened:
        number += 1
        struck = StruckTask(runtime.catalog.listing(provider, refresh=True), number)
        outcome = await struck.outcome()
        happened = struck.happened
        assert type(outcome) is asyncio.CancelledError or not happened
        assert not await settled(held), number
    assert number > 1


async def test_thousands_that_are_cancelled_at_random_leave_the_pool_whole(wire, runtime):
    dice = random.Random(7)
    held = HeldResources.now()
    rounds, at_a_time = scaled(2, 40), scaled(60, 200)
    whole = 0
    for _ in range(rounds):
        asked = []
        for _ in range(at_a_time):
            stream = runtime.stream("hi", model=wire.ref)
            strike = dice.choice([None, stream.cancel])
            asked.append(StruckTask(iterate(stream), dice.randrange(1, 20), strike))
        for struck in asked:
            outcome = await struck.outcome()
            if struck.happened:
                assert type(outcome) in (asyncio.CancelledError, Cancelled), outcome
            else:
                whole += 1
                assert outcome.text == "".join(TEXTS)
        assert await reached(lambda: None not in wire.ends())
        assert (await runtime.complete("hi", model=wire.ref)).text == "".join(TEXTS)
    assert 0 < whole < rounds * at_a_time
    now = HeldResources.now()
    assert (now.tasks - held.tasks, now.threads - held.threads) == (set(), set())
