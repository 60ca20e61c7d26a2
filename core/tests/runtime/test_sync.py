"""The synchronous face does what the asynchronous one does, also inside a running loop."""

import asyncio
import gc
import subprocess
import sys
import threading
import time

import pytest

from modelwire.errors import Cancelled, Overloaded
from modelwire.events import DoneEvent, TextDeltaEvent
from modelwire.runtime import SyncRuntime


@pytest.fixture
def runtime(wild, make_runtime):
    with SyncRuntime(make_runtime()) as runtime:
        yield runtime


def test_complete_and_resolve(runtime):
    assert runtime.resolve("echo/e").id == "e"
    assert runtime.complete("hi", model="echo/e").text == "e heard: hi"


def test_a_stream_is_iterated(runtime):
    stream = runtime.stream("hi", model="echo/e")
    events = list(stream)
    assert isinstance(events[-1], DoneEvent)
    assert stream.message.text == "e heard: hi"
    assert list(stream) == []


def test_the_texts_and_the_result(runtime):
    assert list(runtime.stream("hi", model="echo/e").texts()) == ["e heard: ", "hi"]
    assert runtime.stream("hi", model="echo/e").result().text == "e heard: hi"


def test_what_arrived_before_a_failure_is_delivered_first(runtime):
    arrived = []
    with pytest.raises(Overloaded) as caught:
        for event in runtime.stream("x", model="wild/midway"):
            arrived.append(event)
    assert TextDeltaEvent(0, "some ") in arrived
    assert caught.value.partial.text == "some "


def test_leaving_early_closes_the_plugin(runtime, wild):
    with runtime.stream("x", model="wild/hangs") as stream:
        next(stream)
    assert wild.closed == ["hangs"]


def test_a_stream_that_was_left_early_is_ended_with_the_runtime(wild, make_runtime, caplog):
    with SyncRuntime(make_runtime()) as runtime:
        stream = runtime.stream("x", model="wild/hangs")
        next(stream)
    assert wild.closed == ["hangs"]
    assert caplog.records == []


def test_cancel_from_another_thread(runtime):
    stream = runtime.stream("x", model="wild/hangs")
    iterator = iter(stream)
    next(iterator)
    threading.Timer(0.01, stream.cancel).start()
    with pytest.raises(Cancelled):
        list(iterator)


async def test_it_works_where_a_loop_is_running(runtime):
    assert asyncio.get_running_loop().is_running()
    assert runtime.complete("hi", model="echo/e").text == "e heard: hi"


def test_a_consumer_that_is_slower_than_the_stream_loses_nothing(runtime):
    stream = runtime.stream("x", model="wild/endless")
    with stream:
        texts = [next(stream) for _ in range(5000)]
    assert all(isinstance(event, TextDeltaEvent) for event in texts[3:])


def test_a_closed_runtime_leaves_no_thread_and_refuses_work(site, make_runtime):
    site.provider("echo")
    before = threading.active_count()
    runtime = SyncRuntime(make_runtime())
    runtime.complete("hi", model="echo/e")
    runtime.close()
    runtime.close()
    # Threads that imported something end by themselves, a moment later.
    while threading.active_count() > before:
        time.sleep(0.005)
    with pytest.raises(Cancelled, match="closed"):
        runtime.resolve("echo/e")


def test_a_stream_outlives_its_runtime_without_harm(runtime):
    stream = runtime.stream("x", model="wild/endless")
    next(stream)
    runtime.close()
    stream.cancel()
    stream.close()
    with pytest.raises(Cancelled, match="closed"):
        next(stream)


def test_a_forgotten_runtime_ends_its_thread(site, make_runtime):
    site.provider("echo")
    before = set(threading.enumerate())
    runtime = SyncRuntime(make_runtime())
    runtime.complete("hi", model="echo/e")
    del runtime
    gc.collect()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)  # one that has loaded a plugin may be about to end
    assert set(threading.enumerate()) <= before


def test_a_program_that_never_closes_it_exits_quietly():
    program = (
        "from modelwire import SyncRuntime\n"
        "runtime = SyncRuntime.from_config({}, environ={})\n"
        "print(len(runtime.catalog.listings([])))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")


def test_who_waits_when_the_runtime_is_closed_gets_cancelled(wild, make_runtime):
    runtime = SyncRuntime(make_runtime())
    raised = []

    def ask():
        try:
            runtime.complete("x", model="wild/hangs")
        except Exception as error:  # noqa: BLE001 - its type is what is tested
            raised.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    while not wild.calls:
        asking.join(0.001)
    runtime.close()
    asking.join(30)
    assert [type(error) for error in raised] == [Cancelled]
    assert wild.closed == ["hangs"]


def test_a_runtime_that_closes_ends_every_wait(site, make_runtime):
    site.provider("echo")
    ended = []

    def ask(runtime, asked):
        try:
            while True:
                runtime.resolve("echo/e")
                asked.set()
        except (Cancelled, RuntimeError) as error:
            ended.append(str(error))

    for _ in range(30):
        runtime, asked = SyncRuntime(make_runtime()), threading.Event()
        asking = threading.Thread(target=ask, args=(runtime, asked), daemon=True)
        asking.start()
        assert asked.wait(30)
        runtime.close()
        asking.join(30)
        assert not asking.is_alive()
    assert all("closed" in text for text in ended)


def test_a_stream_keeps_its_runtime_open(site, make_runtime):
    site.provider("echo")
    stream = SyncRuntime(make_runtime()).stream("hi", model="echo/e")
    gc.collect()
    assert stream.result().text == "e heard: hi"


def test_a_runtime_that_is_collected_in_its_own_thread_ends_it(site, make_runtime):
    site.provider("echo")
    runtime = SyncRuntime(make_runtime())
    runtime.complete("hi", model="echo/e")
    thread, finalizer = runtime._loop._thread, runtime._finalizer
    runtime._loop.soon(finalizer)
    thread.join(30)
    assert not thread.is_alive()
