"""Work under one key runs once, in a thread, and nobody who waits holds an event loop."""

import asyncio
import threading

import pytest

from modelwire.authoring import SingleFlight


async def test_work_runs_once_for_every_loop_and_thread():
    flight, gate, runs = SingleFlight(), threading.Event(), []

    def work():
        runs.append(1)
        gate.wait(30)
        return "done"

    async def elsewhere():
        return await flight.run("key", work)

    here = asyncio.ensure_future(flight.run("key", work))
    there = asyncio.ensure_future(asyncio.to_thread(asyncio.run, elsewhere()))
    while not runs:
        await asyncio.sleep(0.001)
    first = flight.start("key", work)
    gate.set()
    assert await here == await asyncio.wrap_future(first) == "done"
    assert await there == "done"
    assert len(runs) <= 2  # the other thread may have come too late to join


async def test_failed_work_is_tried_again():
    flight, runs = SingleFlight(), []

    def work():
        runs.append(1)
        if len(runs) == 1:
            msg = "no"
            raise ValueError(msg)
        return "done"

    with pytest.raises(ValueError, match="no"):
        await flight.run("key", work)
    assert await flight.run("key", work) == "done"


async def test_a_cancelled_waiter_leaves_the_work_to_the_others():
    flight, gate = SingleFlight(), threading.Event()

    def work():
        gate.wait(30)
        return "done"

    first = asyncio.ensure_future(flight.run("key", work))
    second = asyncio.ensure_future(flight.run("key", work))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    gate.set()
    assert await second == "done"


async def test_work_for_which_there_is_no_thread_fails_and_is_started_again():
    flight = SingleFlight()
    before = threading.stack_size(1 << 46)  # more than there is, so that no thread starts
    try:
        with pytest.raises(RuntimeError, match="thread"):
            await flight.run("key", lambda: "done")
    finally:
        threading.stack_size(before)
    assert await flight.run("key", lambda: "done") == "done"
