"""Leaving a stream closes its connection at once, however it is left, and without a word.

The garbage collector is off: what closes the connection is that nothing refers to the stream any more.
The service stalls in the middle of its answer, so that nothing but the client can end the exchange, and
the end is observed at the service.
"""

import asyncio
import gc
from contextlib import aclosing, suppress

import pytest
from leaks import Held, reached, settled
from wires import WIRES

from modelwire.events import TextDeltaEvent
from modelwire_bedrock.emulator import Fault


@pytest.fixture(params=WIRES, ids=str)
def wire(request):
    with request.param.start():
        yield request.param


@pytest.fixture(autouse=True)
def no_collection():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
async def complaints():
    """What the event loop reports of errors that nobody caught."""
    found = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: found.append(context))
    return found


@pytest.fixture
async def runtime(wire, tmp_path):
    """A runtime with a kept connection."""
    async with wire.runtime(tmp_path) as runtime:
        wire.answers()
        await runtime.complete("hi", model=wire.ref)
        yield runtime


async def break_out_of_the_events(begin):
    async for event in begin():
        if type(event) is TextDeltaEvent:
            break


async def return_out_of_the_texts(begin):
    async for _ in begin().texts():
        return


async def raise_in_the_body(begin):
    with suppress(LookupError):
        async for event in begin():
            if type(event) is TextDeltaEvent:
                raise LookupError


async def raise_in_the_body_of_the_texts(begin):
    with suppress(LookupError):
        async for _ in begin().texts():
            raise LookupError


async def drop_the_last_reference(begin):
    stream = begin()
    while type(await anext(aiter(stream))) is not TextDeltaEvent:
        pass


async def drop_the_texts_and_then_the_stream(begin):
    stream = begin()
    texts = stream.texts()
    await anext(texts)
    del texts
    await asyncio.sleep(0)
    assert stream.message is None


async def leave_a_generator_that_passes_the_texts_on(begin):
    async def passed_on():
        async for text in begin().texts():
            yield text

    async for _ in passed_on():
        break


async def cancel_the_task_in_the_body(begin):
    reached_body = asyncio.Event()

    async def read():
        async for event in begin():
            if type(event) is TextDeltaEvent:
                reached_body.set()
                await asyncio.Event().wait()

    task = asyncio.create_task(read())
    await reached_body.wait()
    task.cancel()
    await asyncio.wait([task])


async def cancel_the_task_that_waits_for_an_event(begin):
    texts = []

    async def read():
        async for text in begin().texts():
            texts.append(text)

    task = asyncio.create_task(read())
    assert await reached(lambda: len(texts) == 2)
    task.cancel()
    await asyncio.wait([task])


async def cancel_the_result_half_way(begin):
    stream = begin()
    while type(await anext(aiter(stream))) is not TextDeltaEvent:
        pass
    task = asyncio.create_task(stream.result())
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])


async def time_out_the_result(begin):
    with suppress(TimeoutError):
        async with asyncio.timeout(0.2):
            await begin().result()


async def close_it(begin):
    stream = begin()
    await anext(stream.texts())
    await stream.aclose()


async def leave_the_async_with(begin):
    async with begin() as stream:
        async for _ in stream.texts():
            break


async def close_the_texts(begin):
    async with aclosing(begin().texts()) as texts:
        await anext(texts)


WAYS = {
    way.__name__: way
    for way in (
        break_out_of_the_events,
        return_out_of_the_texts,
        raise_in_the_body,
        raise_in_the_body_of_the_texts,
        drop_the_last_reference,
        drop_the_texts_and_then_the_stream,
        leave_a_generator_that_passes_the_texts_on,
        cancel_the_task_in_the_body,
        cancel_the_task_that_waits_for_an_event,
        cancel_the_result_half_way,
        time_out_the_result,
        close_it,
        leave_the_async_with,
        close_the_texts,
    )
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_leaving_an_answer_closes_its_connection(wire, runtime, complaints, way):
    held = Held.now()
    wire.answers(Fault("stall", after=wire.at["mid-text"]))
    await way(lambda: runtime.stream("hi", model=wire.ref))
    assert await reached(lambda: wire.ends() == ["client_left"]), wire.ends()
    assert not await settled(held)
    assert complaints == []
