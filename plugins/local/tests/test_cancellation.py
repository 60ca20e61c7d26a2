"""Leaving a stream stops the computation.

One thread serves one request after another. So once a later request is answered, an earlier one has
ended for good, and the number of its chunks shows how much was computed in vain.
"""

import asyncio
import gc
from contextlib import aclosing

import pytest
from attrs import evolve

from modelwire.events import TextDelta
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import Context, UserMessage
from modelwire_local import plugin
from modelwire_local.chat import completion
from modelwire_local.discovery import embedded_model
from modelwire_local.generation import Generation

pytestmark = pytest.mark.usefixtures("weights")

MODEL = evolve(embedded_model("local"), context_window=4096)
LONG_ANSWER = CompletionOptions(max_tokens=1000, params={"ignore_eos": True})
SHORT_ANSWER = CompletionOptions(max_tokens=2)
STORY = Context([UserMessage("Write a long story.")])


@pytest.fixture
def delivered(monkeypatch):
    """The number of chunks that the engine made for each request, in the order of asking."""
    counts = []

    class Counted(Generation):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.place = len(counts)
            counts.append(0)

        def deliver(self, chunk):
            counts[self.place] += 1
            return super().deliver(chunk)

    monkeypatch.setattr(completion, "Generation", Counted)
    return counts


@pytest.fixture
def stream(provider):
    def stream(context=STORY, options=LONG_ANSWER):
        return plugin.stream_completion(
            model=MODEL, context=context, options=options, provider=provider
        )

    return stream


async def answer_another(stream):
    assert [delta async for delta in stream(options=SHORT_ANSWER)]


async def first_text(deltas):
    async for delta in deltas:
        if isinstance(delta, TextDelta):
            return


async def test_closing_the_generator_stops_the_computation(stream, delivered):
    async with aclosing(stream()) as deltas:
        await first_text(deltas)
    await answer_another(stream)
    assert delivered[0] < 200


async def test_dropping_the_generator_stops_the_computation(stream, delivered):
    gc.disable()
    try:
        await first_text(stream())
        await answer_another(stream)
    finally:
        gc.enable()
    assert delivered[0] < 200


async def test_cancelling_the_task_stops_the_computation(stream, delivered):
    begun = asyncio.Event()

    async def listen():
        async with aclosing(stream()) as deltas:
            await first_text(deltas)
            begun.set()
            async for _ in deltas:
                pass

    task = asyncio.create_task(listen())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await answer_another(stream)
    assert delivered[0] < 200


async def test_a_long_prompt_is_not_read_to_its_end_when_the_stream_is_left(stream, delivered):
    long_prompt = Context([UserMessage("hello world " * 1500)])
    async with aclosing(stream(long_prompt)) as deltas:
        await anext(deltas)
    await answer_another(stream)
    assert delivered[0] < 20


async def test_a_request_that_is_cancelled_in_the_queue_is_never_computed(stream, delivered):
    async with aclosing(stream()) as first:
        await first_text(first)
        waiting = asyncio.create_task(anext(stream()))
        await asyncio.sleep(0)
        assert len(delivered) == 2
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    await answer_another(stream)
    assert delivered[1] == 0
