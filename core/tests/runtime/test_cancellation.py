"""A wait that is ended from outside, and what is raised in place of the cancellation."""

import asyncio

import pytest

from modelwire.errors import Cancelled, ConnectionFailed, Overloaded, RequestTimeout
from modelwire.runtime.cancellation import Cancellation


async def guarded(cancellation, work):
    with cancellation.guard():
        cancellation.enter()
        done = await work()
        cancellation.leave()
        return done


async def for_ever():
    await asyncio.Event().wait()


async def run_until_it_waits(cancellation, work):
    task = asyncio.create_task(guarded(cancellation, work))
    await asyncio.sleep(0)
    return task


async def test_the_error_is_raised_in_place_of_the_cancellation():
    cancellation, stop = Cancellation(), Cancelled("stop")
    task = await run_until_it_waits(cancellation, for_ever)
    cancellation.trigger(stop)
    with pytest.raises(Cancelled) as caught:
        await task
    assert caught.value is stop
    assert stop.__cause__ is None
    assert stop.__suppress_context__
    assert task.cancelling() == 0


async def test_a_cancellation_of_the_task_passes():
    task = await run_until_it_waits(Cancellation(), for_ever)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_a_cancellation_of_the_task_passes_also_where_both_come():
    cancellation = Cancellation()
    task = await run_until_it_waits(cancellation, for_ever)
    cancellation.trigger(Cancelled("stop"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_an_error_that_was_made_of_the_cancellation_is_its_cause():
    made = ConnectionFailed("broken")

    async def breaks():
        try:
            await for_ever()
        except asyncio.CancelledError:
            raise made from None

    cancellation, stop = Cancellation(), Cancelled("stop")
    task = await run_until_it_waits(cancellation, breaks)
    cancellation.trigger(stop)
    with pytest.raises(Cancelled) as caught:
        await task
    assert caught.value is stop
    assert stop.__cause__ is made
    assert task.cancelling() == 0


@pytest.mark.parametrize("error", [Overloaded("busy"), KeyError("bug")])
async def test_any_other_error_passes(error):
    async def fails():
        raise error

    with pytest.raises(type(error)) as caught:
        await guarded(Cancellation(), fails)
    assert caught.value is error


async def test_what_takes_no_notice_of_the_cancellation_ends_with_the_error_all_the_same():
    async def deaf():
        try:
            await for_ever()
        except asyncio.CancelledError:
            return "done"

    cancellation = Cancellation()
    task = await run_until_it_waits(cancellation, deaf)
    cancellation.trigger(Cancelled("stop"))
    with pytest.raises(Cancelled):
        await task


async def test_it_ends_the_next_wait_where_nothing_waits_now():
    cancellation = Cancellation()
    cancellation.trigger(Cancelled("stop"))
    with pytest.raises(Cancelled):
        await guarded(cancellation, for_ever)
    assert asyncio.current_task().cancelling() == 0


async def test_a_deadline_is_reported_with_its_phase_and_may_be_lifted():
    cancellation = Cancellation()
    cancellation.arm("first_event", 0.01)
    cancellation.arm("total", 0.05)
    cancellation.arm("idle", None)
    cancellation.lift("first_event")
    with pytest.raises(RequestTimeout) as caught:
        await guarded(cancellation, for_ever)
    assert caught.value.phase == "total"
