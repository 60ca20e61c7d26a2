"""Connections of a Strands model: closed when a stream is left, and shared by copies."""

import asyncio
import copy
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, aclosing

import pytest
from strands import Agent

from modelwire import Runtime
from modelwire.errors import InvalidRequest
from modelwire_bedrock.emulator import Answer, Pacing
from modelwire_strands import ModelwireModel

pytestmark = pytest.mark.extensive("it needs a framework, which takes long to import")

HAIKU = "bedrock/us.anthropic.claude-haiku-4-5-20251001-v1:0"
ASKED = [{"role": "user", "content": [{"text": "Hello"}]}]
SLOW = Answer("word " * 50, pacing=Pacing(between=0.2))


def quiet(model):
    return Agent(model, callback_handler=None)


async def test_cancelling_an_agent_closes_the_connection(emulator, model):
    emulator.answer(Answer("word " * 50, pacing=Pacing(first=60)), times=None)
    agent = quiet(model)
    asking = asyncio.create_task(agent.invoke_async("Hello"))
    while not emulator.requests:
        await asyncio.sleep(0.01)

    agent.cancel()
    result = await asking

    assert result.stop_reason == "cancelled"
    await asyncio.to_thread(emulator.requests[0].wait)
    assert emulator.requests[0].end == "client_left"


async def test_a_stream_ends_at_a_signal_without_a_stop(emulator, model):
    emulator.answer(SLOW, times=None)
    signal = threading.Event()
    seen = []

    async for event in model.stream(ASKED, cancel_signal=signal):
        seen.append(event)
        if len(seen) == 3:
            signal.set()

    assert not [event for event in seen if "messageStop" in event]
    await asyncio.to_thread(emulator.requests[0].wait)
    assert emulator.requests[0].end == "client_left"


async def test_nothing_is_sent_after_the_signal(emulator, model):
    signal = threading.Event()
    signal.set()

    assert [event async for event in model.stream(ASKED, cancel_signal=signal)] == []
    assert emulator.requests == []


async def test_leaving_a_stream_closes_the_connection(emulator, model):
    emulator.answer(SLOW, times=None)
    stream = model.stream(ASKED)
    async for _ in stream:
        break
    await stream.aclose()

    await asyncio.to_thread(emulator.requests[0].wait)
    assert emulator.requests[0].end == "client_left"


async def test_a_task_that_is_cancelled_closes_the_connection(emulator, model):
    emulator.answer(Answer("word", pacing=Pacing(first=60)), times=None)
    asking = asyncio.create_task(quiet(model).invoke_async("Hello"))
    while not emulator.requests:
        await asyncio.sleep(0.01)

    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    await asyncio.to_thread(emulator.requests[0].wait)
    assert emulator.requests[0].end == "client_left"


async def test_a_signal_ends_its_own_stream_alone(emulator, model):
    emulator.answer(SLOW, times=None)
    signals = [threading.Event() for _ in range(3)]
    streams = [model.stream(ASKED, cancel_signal=signal) for signal in signals]
    async with aclosing(streams[0]), aclosing(streams[1]), aclosing(streams[2]):
        for stream in streams:
            await anext(stream)
        signals[1].set()
        seen = [event async for event in streams[1]]
        assert not [event for event in seen if "messageStop" in event]
        for stream in (streams[0], streams[2]):
            assert "contentBlockDelta" in await anext(stream)


async def test_streams_share_the_timer_that_looks_at_their_signals(emulator, model, monkeypatch):
    emulator.answer(SLOW, times=None)
    loop = asyncio.get_running_loop()
    call_later, timers = loop.call_later, []

    def noted(delay, callback, *arguments, **context):
        if callback.__module__ == "modelwire_strands.cancel_signal":
            timers.append(callback)
        return call_later(delay, callback, *arguments, **context)

    monkeypatch.setattr(loop, "call_later", noted)
    begun = time.monotonic()
    streams = [model.stream(ASKED, cancel_signal=threading.Event()) for _ in range(20)]
    async with AsyncExitStack() as stack:
        for stream in streams:
            await stack.enter_async_context(aclosing(stream))
        await asyncio.gather(*map(anext, streams))
        await asyncio.sleep(0.2)
    assert 1 <= len(timers) <= (time.monotonic() - begun) / 0.05 + 2

    ended = len(timers)
    await asyncio.sleep(0.2)
    assert len(timers) == ended, "without streams there is nothing to look at"


def test_open_streams_hold_no_threads(emulator, model):
    emulator.answer("A long answer, in many words.", times=None)

    async def read(begun):
        events = model.stream(ASKED, cancel_signal=threading.Event())
        async with aclosing(events):
            await anext(events)
            await begun.wait()  # all streams are in the middle of their answers
            return [event async for event in events][-2]

    async def ask():
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        begun = asyncio.Barrier(20)
        async with asyncio.timeout(60):
            return await asyncio.gather(*[read(begun) for _ in range(20)])

    assert asyncio.run(ask()) == [{"messageStop": {"stopReason": "end_turn"}}] * 20


async def test_a_runtime_can_be_shared(emulator):
    async with Runtime.from_config({}) as runtime:
        async with ModelwireModel(HAIKU, runtime=runtime) as model:
            assert str(await quiet(model).invoke_async("Hello")).strip()
        assert (await runtime.complete("Hello", model=HAIKU)).text
        with pytest.raises(InvalidRequest, match="leave out config"):
            ModelwireModel(HAIKU, runtime=runtime, config={})


async def test_a_deep_copy_of_a_model_shares_its_connections(emulator, model):
    copied = copy.deepcopy(model)
    assert str(await quiet(copied).invoke_async("Hello")).strip()
    assert copied._runtime.get() is model._runtime.get()
