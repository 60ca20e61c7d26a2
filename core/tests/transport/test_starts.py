"""The gate of starts."""

import asyncio
from collections import Counter
from contextlib import suppress
from itertools import pairwise

import pytest

from modelwire.transport.starts import APART, TOGETHER, pass_gate


class Turns:
    """Counts the turns of the running loop."""

    def __init__(self):
        self.number = 0
        self._loop = asyncio.get_running_loop()
        self._loop.call_soon(self._turn)

    def _turn(self):
        self.number += 1
        self._handle = self._loop.call_soon(self._turn)

    def stop(self):
        self._handle.cancel()


@pytest.fixture
async def turns():
    counted = Turns()
    await asyncio.sleep(0)
    yield counted
    counted.stop()


async def test_few_tasks_pass_in_a_turn_and_they_pass_in_order(turns):
    passed = []

    async def start(number):
        await pass_gate()
        passed.append((number, turns.number))

    count = 20 * TOGETHER
    await asyncio.gather(*(start(number) for number in range(count)))
    assert [number for number, _ in passed] == list(range(count))
    assert set(Counter(turn for _, turn in passed).values()) == {TOGETHER}
    assert passed[-1][1] - passed[0][1] < 20 * (APART + 1), "they do not wait longer than they must"


async def test_what_has_not_waited_since_it_passed_does_not_wait_again(turns):
    async def start():
        await pass_gate()
        turn = turns.number
        await pass_gate()
        assert turns.number == turn
        return turn

    turns_of = await asyncio.gather(*(start() for _ in range(10 * TOGETHER)))
    assert len(set(turns_of)) == 10


async def test_what_has_waited_since_passes_behind_the_others(turns):
    order = []

    async def start(number):
        await pass_gate()
        order.append(number)
        await asyncio.sleep(0)
        await pass_gate()
        order.append(number)

    count = 3 * TOGETHER
    await asyncio.gather(*(start(number) for number in range(count)))
    assert order.index(0, 1) >= 2 * TOGETHER, "those that waited already pass first"

    assert sorted(order) == sorted([*range(count), *range(count)])


async def test_a_task_that_comes_alone_does_not_wait(turns):
    for _ in range(3):
        turn = turns.number
        await pass_gate()
        assert turns.number == turn
        await asyncio.sleep(0)
        await asyncio.sleep(0)


async def test_those_that_are_cancelled_block_no_other():
    passed = []

    async def start(number):
        await pass_gate()
        passed.append(number)

    tasks = [asyncio.create_task(start(number)) for number in range(30)]
    await asyncio.sleep(0)
    for task in tasks[1::2]:
        task.cancel()
    await asyncio.wait(tasks)
    assert passed == [n for n in range(30) if n < TOGETHER or n % 2 == 0]
    await asyncio.wait_for(pass_gate(), 10)


async def test_a_task_that_is_cancelled_when_its_turn_has_come_blocks_no_other():
    async def start():
        await pass_gate()
        await asyncio.sleep(3600)

    for turn in range(8):
        tasks = [asyncio.create_task(start()) for _ in range(3)]
        for _ in range(turn):
            await asyncio.sleep(0)
        for task in tasks[:2]:
            task.cancel()
        for task in tasks[:2]:
            with suppress(asyncio.CancelledError):
                await task
        last = tasks[2]
        last.cancel()
        with suppress(asyncio.CancelledError):
            await last
        await asyncio.wait_for(pass_gate(), 10)


async def test_other_work_comes_in_between(turns):
    done = 0

    async def work():
        nonlocal done
        while True:
            await asyncio.sleep(0)
            done += 1

    async def start():
        await pass_gate()
        return done

    working = asyncio.create_task(work())
    seen = await asyncio.gather(*(start() for _ in range(20 * TOGETHER)))
    working.cancel()
    assert all(later > earlier for earlier, later in pairwise(seen[::TOGETHER]))


def test_each_loop_has_a_gate_of_its_own():
    async def start():
        await asyncio.gather(*(pass_gate() for _ in range(5)))

    async def left():
        waiting = [asyncio.ensure_future(pass_gate()) for _ in range(5)]
        await asyncio.sleep(0)
        for task in waiting:
            task.cancel()

    for main in (start, left, start):
        asyncio.run(main())
