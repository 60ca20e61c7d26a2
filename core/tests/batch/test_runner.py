"""A batch whose rows are asked by a runner of a package keeps the files, the budget and the counts."""

import asyncio

import pytest

from modelwire.batch import Batch, BatchRequest, Limits, RowAsker
from modelwire.errors import AuthenticationError, BatchError


class Runner:
    """Asks rows in groups, over the runtime that it is given."""

    options = ("concurrency",)

    def __init__(self, runtime, size=4):
        self.runtime = runtime
        self.size = size
        self.groups = []
        self.ended = False

    async def run(self, work):
        asker = RowAsker(self.runtime, settings=work.settings, limits=work.limits)
        stopping = asyncio.ensure_future(work.until_stopped())
        stopping.add_done_callback(lambda _: asker.stop())
        try:
            while rows := await work.take(self.size):
                self.groups.append([row.line for row in rows])
                yield self.changed(await asyncio.gather(*map(asker.ask, rows)))
        finally:
            stopping.cancel()
            self.ended = True

    def changed(self, outcomes):
        return outcomes


class Repeating(Runner):
    def changed(self, outcomes):
        return [*outcomes, *outcomes]


class Losing(Runner):
    def changed(self, outcomes):
        return outcomes[1:]


@pytest.fixture
def run(make_runtime, files):
    async def run(kind=Runner, size=4, **arguments):
        async with make_runtime() as runtime:
            runner = kind(runtime, size)
            request = BatchRequest(files.source, files.output, {"model": "does/m"}, **arguments)
            return runner, await Batch(runtime, request, runner=runner).run()

    return run


async def test_the_lines_are_those_of_a_run_on_this_machine(make_runtime, run, files, provider):
    files.ask("say 1", "invalid", "busy 2", "say 2", "say 3")
    runner, done = await run()
    assert runner.groups == [[1, 2, 3, 4], [5]]
    assert (done.answered, done.failed, done.remaining) == (4, 1, 0)
    assert (done.requests, done.refused, done.tokens) == (7, 2, 60)
    there = files.answers, files.failures
    for path in (files.output, files.errors, files.state):
        path.unlink()
    provider().calls.clear()
    async with make_runtime() as runtime:
        await runtime.batch(files.source, files.output, model="does/m")
    for remote, local in zip(there, (files.answers, files.failures), strict=True):
        assert {name: _lasting(each) for name, each in remote.items()} == {
            name: _lasting(each) for name, each in local.items()
        }


def _lasting(record):
    """A line without the times and durations of its message."""
    message = {
        name: value
        for name, value in record.get("message", {}).items()
        if name in ("content", "model", "provider", "stopReason", "usage")
    }
    return {**record, "message": message}


async def test_a_line_that_is_no_row_does_not_come_to_the_runner(run, files):
    files.write([{"prompt": 5}, {"prompt": "say"}])
    runner, done = await run()
    assert runner.groups == [[2]]
    assert (done.answered, done.failed) == (1, 1)


async def test_a_row_that_comes_back_again_is_not_written_again(run, files):
    files.ask("say 1", "say 2")
    _, done = await run(Repeating)
    assert (done.answered, done.tokens) == (2, 30)
    assert len(files.answers) == 2


async def test_rows_that_do_not_come_back_are_an_error_and_left_to_the_next_run(run, files):
    files.ask("say 1", "say 2")
    with pytest.raises(BatchError, match="have no outcome: 1"):
        await run(Losing)
    _, done = await run()
    assert (done.processed, done.answered) == (1, 2)


async def test_the_budget_is_a_limit_for_the_rows_that_are_handed_out(run, files, provider):
    files.ask(*(f"say {index}" for index in range(50)))
    runner, done = await run(budget=0.205)
    assert (done.answered, done.stopped, done.remaining) == (10, "budget", 40)
    assert runner.groups[0] == [1]
    assert len(provider().calls) == 10


async def test_refused_credentials_end_the_batch_and_fail_no_row(run, files, provider):
    files.ask(*(f"auth {10**9}{index}" for index in range(50)))
    with pytest.raises(AuthenticationError):
        await run(limits=Limits(1))
    assert (files.answers, files.failures) == ({}, {})
    assert len(provider().calls) == 1


async def test_stopping_reaches_rows_that_the_runner_has_taken(make_runtime, files, provider):
    files.ask(*(f"slow 0.05 {index}" for index in range(40)))
    async with make_runtime() as runtime:
        request = BatchRequest(files.source, files.output, {"model": "does/m"}, Limits(1))
        runner = Runner(runtime, 20)
        batch = Batch(runtime, request, runner=runner)
        running = asyncio.ensure_future(batch.run())
        while not provider().calls:
            await asyncio.sleep(0.005)
        batch.stop()
        done = await running
    assert done.stopped == "interrupted"
    assert done.answered == len(provider().calls) < 20
    assert done.remaining == 40 - done.answered
    assert runner.ended


async def test_a_runner_is_closed_when_the_batch_is_cancelled(make_runtime, files, provider):
    files.ask("slow 60 x")
    async with make_runtime() as runtime:
        request = BatchRequest(files.source, files.output, {"model": "does/m"})
        runner = Runner(runtime)
        running = asyncio.ensure_future(Batch(runtime, request, runner=runner).run())
        while not provider().calls:
            await asyncio.sleep(0.005)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert runner.ended
    assert provider().running == 0
