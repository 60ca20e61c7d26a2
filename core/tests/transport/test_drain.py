"""Reading the rest of a body, so that its connection can be used again."""

import asyncio
from contextlib import suppress

import pytest

from modelwire.errors import ConnectionFailed, MalformedResponse
from modelwire.transport import drain
from modelwire.transport.content_decoder import BrokenEncoding


class Body:
    """A body of some steps: a piece, a wait of some seconds, or a failure."""

    def __init__(self, *steps):
        self.steps = list(steps)
        self.given, self.left, self.cancelled = 0, False, False

    async def read(self):
        try:
            for step in self.steps:
                if isinstance(step, BaseException):
                    raise step
                if isinstance(step, bytes):
                    self.given += 1
                    yield step
                else:
                    await asyncio.sleep(step)
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        finally:
            self.left = True


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((), id="ended"),
        pytest.param((b"a", b"b"), id="arrived"),
        pytest.param((0, b"a", 0.001, 0, b"b", 0), id="waits"),
        pytest.param((b"a", 0.001), id="waits for the end"),
    ],
)
async def test_a_body_is_read_to_its_end(steps):
    body = Body(*steps)
    await drain(body.read())
    assert body.left
    assert body.given == sum(isinstance(step, bytes) for step in steps)


async def test_what_has_arrived_is_read_without_a_timer(monkeypatch):
    monkeypatch.setattr(asyncio, "timeout", None)
    body = Body(b"a", b"b")
    await drain(body.read())
    assert body.given == 2


@pytest.mark.parametrize("before", [(), (b"a",), (0.001, b"a", 0.001)])
async def test_a_body_that_does_not_end_in_time_is_closed(before):
    body = Body(*before, 60, b"late")
    await drain(body.read(), seconds=0.05)
    assert body.left
    assert body.given == before.count(b"a")


@pytest.mark.parametrize("before", [(), (0.001,)])
async def test_a_failure_after_the_answer_is_none(before):
    body = Body(*before, ConnectionFailed("broke"))
    await drain(body.read())
    assert body.left


@pytest.mark.parametrize("before", [(), (0.001,)])
async def test_a_broken_encoding_is_one(before):
    broken = MalformedResponse("not encoded")
    broken.__cause__ = BrokenEncoding()
    with pytest.raises(MalformedResponse):
        await drain(Body(*before, broken).read())


async def test_cancelling_the_task_ends_the_wait():
    body = Body(b"a", 60)
    task = asyncio.create_task(drain(body.read(), seconds=60))
    while not body.given:
        await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert body.cancelled
