"""Leaving a stream closes its connection at once, however it is left, and without a word.

The garbage collector is off: what closes the connection is that nothing refers to the stream any more.
The service stalls in the middle of its answer, so that nothing but the client can end the exchange, and
the end is observed at the service.
"""

import asyncio
import gc
import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import aclosing, suppress
from pathlib import Path

import pytest
from each_wire import EACH_WIRE
from frozen_tests import freeze
from leaks import HeldResources, reached, settled
from wires import ARGUMENTS, WIRES

from modelwire import Agent, Context, SyncRuntime, UserMessage, run_tools, tool_from
from modelwire.events import TextDeltaEvent
from modelwire.messages import AssistantMessage, ToolCall
from modelwire_bedrock.emulator import Fault

PROGRAM = Path(__file__).parents[1] / "support" / "leaving_program.py"


@pytest.fixture(params=EACH_WIRE)
def wire(request):
    with request.param.start():
        yield request.param


@pytest.fixture(autouse=True)
def no_collection():
    freeze()
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
    """A runtime with a kept connection, to a service that stalls from now on."""
    async with wire.runtime(tmp_path) as runtime:
        wire.answers()
        await runtime.complete("hi", model=wire.ref)
        wire.answers(Fault("stall", after=wire.at["mid-text"]))
        yield runtime


def lookup(city: str, n: int) -> str:
    """Look something up."""
    return f"{n} in {city}"


def open_call():
    """A conversation whose last answer has called a tool."""
    call = ToolCall("call_1", "lookup", ARGUMENTS)
    return Context([UserMessage("hi"), AssistantMessage([call], "acme", "some-model")])


@pytest.fixture(params=["stream", "tool loop", "agent"])
def begin(request, wire, runtime):
    """Begins an answer, by itself or after a tool has run."""
    if request.param == "stream":
        return lambda: runtime.stream("hi", model=wire.ref)
    if request.param == "agent":
        return lambda: Agent(wire.ref, tools=[lookup], runtime=runtime).stream(open_call())
    tools = [tool_from(lookup)]
    return lambda: run_tools(runtime, open_call(), tools, approve=lambda _: True, model=wire.ref)


async def is_left(wire, held, complaints):
    assert await reached(lambda: wire.ends() == ["client_left"]), wire.ends()
    assert not await settled(held)
    assert complaints == []


async def until_text(items):
    while type(await anext(aiter(items))) is not TextDeltaEvent:
        pass


async def break_out_of_the_loop(begin):
    async for event in begin():
        if type(event) is TextDeltaEvent:
            break


async def return_out_of_the_loop(begin):
    async for event in begin():
        if type(event) is TextDeltaEvent:
            return


async def raise_in_the_body(begin):
    with suppress(LookupError):
        async for event in begin():
            if type(event) is TextDeltaEvent:
                raise LookupError


async def drop_the_last_reference(begin):
    items = begin()
    await until_text(items)
    del items


async def leave_a_generator_that_passes_it_on(begin):
    async def passed_on():
        async for event in begin():
            yield event

    async for event in passed_on():
        if type(event) is TextDeltaEvent:
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
        async for event in begin():
            if type(event) is TextDeltaEvent:
                texts.append(event)

    task = asyncio.create_task(read())
    assert await reached(lambda: len(texts) == 2)
    task.cancel()
    await asyncio.wait([task])


async def close_it(begin):
    items = begin()
    await until_text(items)
    await items.aclose()


async def close_it_and_hold_it(begin, kept=[]):  # noqa: B006 - it outlives the call
    kept[:] = [begin()]
    await until_text(kept[0])
    await kept[0].aclose()


async def leave_the_async_with(begin):
    async with begin() as items:
        await until_text(items)


async def fail_in_the_async_with(begin):
    with suppress(LookupError):
        async with begin() as items:
            await until_text(items)
            raise LookupError


WAYS = {
    way.__name__: way
    for way in (
        break_out_of_the_loop,
        return_out_of_the_loop,
        raise_in_the_body,
        drop_the_last_reference,
        leave_a_generator_that_passes_it_on,
        cancel_the_task_in_the_body,
        cancel_the_task_that_waits_for_an_event,
        close_it,
        close_it_and_hold_it,
        leave_the_async_with,
        fail_in_the_async_with,
    )
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_leaving_the_events_closes_the_connection(wire, begin, complaints, way):
    held = HeldResources.now()
    await way(begin)
    await is_left(wire, held, complaints)


async def return_out_of_the_texts(begin):
    async for _ in begin().texts():
        return


async def raise_in_the_body_of_the_texts(begin):
    with suppress(LookupError):
        async for _ in begin().texts():
            raise LookupError


async def drop_the_texts_and_then_the_stream(begin):
    stream = begin()
    texts = stream.texts()
    await anext(texts)
    del texts
    assert await anext(stream.texts()), "a stream that is held goes on"


async def close_the_texts(begin):
    async with aclosing(begin().texts()) as texts:
        await anext(texts)


async def cancel_the_result_half_way(begin):
    stream = begin()
    await until_text(stream)
    task = asyncio.create_task(stream.result())
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])


async def time_out_the_result(begin):
    with suppress(TimeoutError):
        async with asyncio.timeout(0.2):
            await begin().result()


PARTS = {
    way.__name__: way
    for way in (
        return_out_of_the_texts,
        raise_in_the_body_of_the_texts,
        drop_the_texts_and_then_the_stream,
        close_the_texts,
        cancel_the_result_half_way,
        time_out_the_result,
    )
}


@pytest.mark.parametrize("begin", ["stream", "agent"], indirect=True)
@pytest.mark.parametrize("way", PARTS.values(), ids=PARTS)
async def test_leaving_the_texts_or_the_result_closes_the_connection(wire, begin, complaints, way):
    held = HeldResources.now()
    await way(begin)
    await is_left(wire, held, complaints)


async def test_streams_that_only_the_collector_finds_end_without_a_word(wire, runtime, complaints):
    """A cycle of the program's own: all generators are found at once, and closed in any order."""
    count = 20
    held = HeldResources.now()
    wire.answers(*[Fault("stall", after=wire.at["mid-text"])] * count)
    for _ in range(count):
        cycle = {"stream": runtime.stream("hi", model=wire.ref)}
        cycle["itself"] = cycle
        await until_text(cycle["stream"])
        del cycle
    assert set(wire.ends()) == {None}
    gc.collect()
    assert await reached(lambda: wire.ends() == ["client_left"] * count), wire.ends()
    assert not await settled(held)
    assert complaints == []


def wait_for(condition, seconds=20.0):
    ends = time.monotonic() + seconds
    while not condition() and time.monotonic() < ends:
        time.sleep(0.002)
    return condition()


def sync_break(begin):
    for event in begin():
        if type(event) is TextDeltaEvent:
            break


def sync_return(begin):
    for event in begin():
        if type(event) is TextDeltaEvent:
            return


def sync_raise(begin):
    with suppress(LookupError):
        for event in begin():
            if type(event) is TextDeltaEvent:
                raise LookupError


def sync_until_text(items):
    while type(next(items)) is not TextDeltaEvent:
        pass


def sync_drop(begin):
    items = begin()
    sync_until_text(items)
    del items


def sync_close(begin):
    items = begin()
    sync_until_text(items)
    items.close()


def sync_with(begin):
    with begin() as items:
        sync_until_text(items)


def sync_interrupt(begin):
    """Ctrl-C while the next event is waited for."""
    main = threading.main_thread().ident
    stop = threading.Timer(0.3, lambda: signal.pthread_kill(main, signal.SIGINT))
    stop.start()
    with suppress(KeyboardInterrupt):
        for _ in begin():
            pass
    stop.join()


SYNC_WAYS = {
    way.__name__: way
    for way in (
        sync_break,
        sync_return,
        sync_raise,
        sync_drop,
        sync_close,
        sync_with,
        sync_interrupt,
    )
}


@pytest.fixture
def sync_runtime(wire, tmp_path):
    with SyncRuntime(wire.runtime(tmp_path)) as runtime:
        wire.answers()
        runtime.complete("hi", model=wire.ref)
        wire.answers(Fault("stall", after=wire.at["mid-text"]))
        yield runtime


@pytest.mark.parametrize("kind", ["stream", "tool loop", "agent"])
@pytest.mark.parametrize("way", SYNC_WAYS.values(), ids=SYNC_WAYS)
def test_leaving_without_an_event_loop_closes_the_connection(wire, sync_runtime, caplog, kind, way):
    if way is sync_interrupt and threading.current_thread() is not threading.main_thread():
        pytest.skip("only the main thread can be interrupted")

    def stream():
        return sync_runtime.stream("hi", model=wire.ref)

    def loop():
        tools = [tool_from(lookup)]
        return run_tools(sync_runtime, open_call(), tools, approve=lambda _: True, model=wire.ref)

    def agent():
        return kept.stream_sync(open_call())

    kept = Agent(wire.ref, tools=[lookup], runtime=sync_runtime._runtime)
    way({"stream": stream, "tool loop": loop, "agent": agent}[kind])
    assert wait_for(lambda: wire.ends() == ["client_left"]), wire.ends()
    assert caplog.records == []


@pytest.mark.parametrize("way", ["break", "result"])
def test_leaving_the_texts_or_the_result_without_an_event_loop_closes_too(
    wire, sync_runtime, caplog, way
):
    if way == "break":
        for _ in sync_runtime.stream("hi", model=wire.ref).texts():
            break
    else:
        stream = sync_runtime.stream("hi", model=wire.ref)
        threading.Timer(0.3, stream.close).start()
        with suppress(Exception):
            stream.result()
        del stream
    assert wait_for(lambda: wire.ends() == ["client_left"]), wire.ends()
    assert caplog.records == []


@pytest.mark.parametrize("way", ["break", "hold"])
@pytest.mark.parametrize(
    ("wire", "wrapped"),
    [
        *(pytest.param(*wire.values, False, id=wire.id, marks=wire.marks) for wire in EACH_WIRE),
        pytest.param(WIRES[1], True, id="wrapped"),
    ],
    indirect=["wire"],
)
def test_a_program_that_ends_with_a_stream_left_says_nothing(wire, tmp_path, way, wrapped):
    """Its loop closes the generators that are open, side by side.

    Wrapped, a real SDK of OpenTelemetry listens and answers are recorded on disk.
    """
    wire.answers(Fault("stall", after=wire.at["mid-text"]))
    provider = wire.ref.partition("/")[0]
    settings = {"mode": "record" if wrapped else "off", "directory": str(tmp_path / "recordings")}
    document = {
        "models": {"providers": {provider: wire.provider()}},
        "plugins": {"entries": {"recordings": {"config": settings}}},
    }
    asked = {"document": document, "model": wire.ref, "way": way, "listen": wrapped}
    with subprocess.Popen(
        [sys.executable, "-W", "always", PROGRAM, json.dumps(asked)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            assert program.stdout.readline() == "left\n", program.stderr.read()
            if way == "break":
                assert wait_for(lambda: wire.ends() == ["client_left"]), wire.ends()
        finally:
            said, errors = program.communicate("go\n", timeout=60)
    assert (program.returncode, said, errors) == (0, "", "")
    assert wait_for(lambda: wire.ends() == ["client_left"]), wire.ends()
