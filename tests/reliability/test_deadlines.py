"""Each deadline ends a stall, over every wire protocol, and one budget holds for tries and fallbacks.

A stall here lasts for ever: a test that passes was ended by the deadline and by nothing else.
"""

import asyncio
import time
from contextlib import ExitStack

import pytest
from each_wire import EACH_WIRE
from leaks import HeldResources, reached, settled
from wires import TEXTS, WIRES

from modelwire import Runtime
from modelwire.errors import Overloaded, RequestTimeout
from modelwire.events import TextDeltaEvent
from modelwire.testing import listening
from modelwire.transport import Deadlines, RetryPolicy, Transport
from modelwire_bedrock.emulator import Fault

pytestmark = pytest.mark.timeout(240)

BUSY = Fault.error("ServiceUnavailableException", status=503, retry_after=1)


@pytest.fixture(params=EACH_WIRE)
def wire(request):
    with request.param.start():
        request.param.answers()
        yield request.param


@pytest.fixture
def side_by_side(tmp_path):
    """Runs a test of every wire at once, since each waits for whole seconds and does nothing."""

    async def side_by_side(work):
        async def named(wire):
            try:
                await work(wire, tmp_path / wire.name)
            except AssertionError as error:
                error.add_note(f"over {wire}")
                raise

        with ExitStack() as running:
            async with asyncio.TaskGroup() as group:
                for wire in WIRES:
                    running.enter_context(wire.start())
                    group.create_task(named(wire))

    return side_by_side


async def warm_up(runtime, wire):
    """Let all be imported and looked up, since that takes longer than a limit on a busy machine."""
    wire.answers()
    await runtime.complete("hi", model=wire.ref)


async def failure(runtime, wire, deadlines):
    before = HeldResources.now()
    with pytest.raises(RequestTimeout) as caught:
        await runtime.complete("hi", model=wire.ref, deadlines=deadlines)
    assert not await settled(before)
    return caught.value


async def test_connect_ends_a_connection_that_is_not_made(wire, tmp_path):
    async def say_nothing(reader, writer):
        await reader.read()
        writer.close()

    async with listening(say_nothing) as port:
        # To a client, a server that never answers its TLS handshake is one that is not there.
        url = f"https://127.0.0.1:{port}"
        async with wire.runtime(tmp_path, url=url) as runtime:
            limits = Deadlines(connect=0.2, first_byte=None, idle=None)
            assert (await failure(runtime, wire, limits)).phase == "connect"


@pytest.mark.parametrize(
    "fault", [Fault("slow_start", seconds=3600), Fault("stall", after=0)], ids=["headers", "events"]
)
async def test_first_byte_ends_the_wait_for_an_answer_that_does_not_begin(wire, tmp_path, fault):
    wire.answers(fault)
    async with wire.runtime(tmp_path) as runtime:
        limits = Deadlines(connect=None, first_byte=0.3, idle=None)
        assert (await failure(runtime, wire, limits)).phase == "first_byte"


@pytest.mark.parametrize(
    "fault",
    [
        Fault("slow_start", seconds=3600),
        Fault("stall", after=0),
        Fault("dribble", size=1, seconds=0.1),
    ],
    ids=["headers", "silence", "drips"],
)
async def test_first_event_ends_the_wait_though_bytes_drip(wire, tmp_path, fault):
    async with wire.runtime(tmp_path) as runtime:
        await warm_up(runtime, wire)
        wire.answers(fault)
        limits = Deadlines(connect=None, first_byte=None, first_event=0.3, idle=None)
        error = await failure(runtime, wire, limits)
    assert error.phase == "first_event"
    assert error.retryable
    assert str(error).startswith("No event of the answer came within 0.3 seconds.")
    assert error.partial.content == []


async def test_one_limit_for_the_first_event_covers_the_tries_and_the_waits(side_by_side):
    async def work(wire, folder):
        async with wire.runtime(folder, attempts=50) as runtime:
            await warm_up(runtime, wire)
            wire.answers(*[BUSY] * 50)
            with pytest.raises((RequestTimeout, Overloaded)) as caught:
                await runtime.complete("hi", model=wire.ref, deadlines=Deadlines(first_event=5))
            assert 2 <= len(wire.server.requests) <= 5
            assert len(caught.value.attempts) >= 1

    await side_by_side(work)


async def test_a_fallback_has_its_own_limit_for_the_first_event(side_by_side):
    async def work(wire, folder):
        async with wire.runtime(folder) as runtime:
            await warm_up(runtime, wire)
            wire.answers(Fault("dribble", size=1, seconds=0.2))
            message = await runtime.complete(
                "hi", model=wire.ref, fallbacks=[wire.other_ref], deadlines=Deadlines(first_event=5)
            )
        assert message.text == "".join(TEXTS)
        assert [attempt.code for attempt in message.attempts] == ["timeout"]

    await side_by_side(work)


@pytest.mark.parametrize("stage", ["mid-text", "mid-tool-arguments"])
async def test_idle_ends_an_answer_that_stops_coming(wire, tmp_path, stage):
    async with wire.runtime(tmp_path) as runtime:
        await warm_up(runtime, wire)
        wire.answers(Fault("stall", after=wire.at[stage]))
        limits = Deadlines(connect=None, first_byte=None, idle=0.5)
        error = await failure(runtime, wire, limits)
    assert error.phase == "idle"
    assert "".join(TEXTS).startswith(error.partial.text)
    assert error.partial.text


@pytest.mark.parametrize("stage", ["before first event", "mid-text", "mid-tool-arguments"])
async def test_total_ends_an_answer_wherever_it_is(wire, tmp_path, stage):
    wire.answers(Fault("stall", after=wire.at[stage]))
    async with wire.runtime(tmp_path) as runtime:
        limits = Deadlines(connect=None, first_byte=None, idle=None, total=0.3)
        assert (await failure(runtime, wire, limits)).phase == "total"


async def test_total_ends_an_answer_that_only_drips(wire, tmp_path):
    """Every byte is a sign of life, so no other deadline ends this."""
    wire.answers(Fault("dribble", size=1, seconds=0.05))
    async with wire.runtime(tmp_path) as runtime:
        limits = Deadlines(connect=None, first_byte=None, idle=None, total=0.3)
        assert (await failure(runtime, wire, limits)).phase == "total"


async def test_a_slow_reader_is_not_a_stall(wire, tmp_path):
    """Only waiting counts: what a consumer does between two events is its own time."""
    async with wire.runtime(tmp_path) as runtime:
        limits = Deadlines(first_byte=20, idle=0.4)
        texts = []
        async for event in runtime.stream("hi", model=wire.ref, deadlines=limits):
            if type(event) is TextDeltaEvent:
                texts.append(event.delta)
                await asyncio.sleep(0.5)
    assert tuple(texts) == TEXTS


async def test_one_budget_covers_the_tries_and_the_waits_between_them(side_by_side):
    async def work(wire, folder):
        async with wire.runtime(folder, attempts=50) as runtime:
            await warm_up(runtime, wire)
            wire.answers(*[BUSY] * 50)
            began = time.monotonic()
            with pytest.raises((RequestTimeout, Overloaded)) as caught:
                await runtime.complete("hi", model=wire.ref, deadlines=Deadlines(total=5))
            # The service asks for a second before each try, so no more than five fit.
            assert time.monotonic() - began >= 1
            assert 2 <= len(wire.server.requests) <= 5
            assert len(caught.value.attempts) >= 1

    await side_by_side(work)


async def test_one_budget_covers_the_fallbacks(tmp_path):
    """Each model stalls; together they have no longer than one of them would have alone."""
    with ExitStack() as running:
        for wire in WIRES:
            running.enter_context(wire.start())
        providers = {f"p-{number}": wire for number, wire in enumerate(WIRES) if not wire.aws}
        document = {"models": {"providers": {n: w.provider() for n, w in providers.items()}}}
        refs = [f"{name}/some-model" for name in providers]
        runtime = Runtime.from_config(
            document, environ={}, retries=RetryPolicy(max_attempts=1), cache_directory=tmp_path
        )
        async with runtime:
            for name, wire in providers.items():
                wire.answers()
                await runtime.complete("hi", model=f"{name}/some-model")
                wire.answers(*[Fault("stall", after=0)] * 9)
            began = time.monotonic()
            limits = Deadlines(connect=None, first_byte=2, idle=None, total=3.5)
            with pytest.raises(RequestTimeout) as caught:
                await runtime.complete(
                    "hi", model=refs[0], fallbacks=[refs[1], refs[0] + "-2"], deadlines=limits
                )
            assert caught.value.phase == "total"
            assert [attempt.model for attempt in caught.value.attempts] == refs[:1]
            assert time.monotonic() - began >= 3.5
            asked = [len(wire.server.requests) for wire in providers.values()]
            assert asked == [1, 1, *[0] * (len(providers) - 2)]
            for wire in list(providers.values())[:2]:
                assert await reached(lambda wire=wire: wire.ends() == ["client_left"])


STALLS = {
    "first_byte": Fault("slow_start", seconds=3600),
    "first_event": Fault("dribble", size=1, seconds=0.05),
    "idle": Fault("stall", after=3),
    "total": Fault("dribble", size=1, seconds=0.05),
}


@pytest.mark.parametrize("phase", STALLS)
async def test_the_limits_of_the_transport_hold_where_a_call_gives_none(wire, tmp_path, phase):
    wire.answers(STALLS[phase])
    transport = Transport(environ={}, deadlines=Deadlines(**{phase: 0.2}))
    async with wire.runtime(tmp_path, transport=transport) as runtime:
        # What a call limits besides takes nothing away from them.
        error = await failure(runtime, wire, Deadlines(connect=5))
    assert error.phase == phase
    assert "0.2 seconds" in str(error)


@pytest.mark.parametrize("phase", STALLS)
async def test_the_limits_of_a_call_win_over_those_of_the_transport(wire, tmp_path, phase):
    wire.answers(STALLS[phase])
    transport = Transport(environ={}, deadlines=Deadlines(**{phase: 0.01}))
    async with wire.runtime(tmp_path, transport=transport) as runtime:
        error = await failure(runtime, wire, Deadlines(**{phase: 0.2}))
    assert error.phase == phase
    assert "0.2 seconds" in str(error)


async def test_a_call_may_lift_a_limit_of_the_transport(wire, tmp_path):
    wire.answers(Fault("slow_start", seconds=0.4))
    transport = Transport(environ={}, deadlines=Deadlines(first_byte=0.1, total=0.1))
    async with wire.runtime(tmp_path, transport=transport) as runtime:
        lifted = Deadlines(first_byte=None, total=None)
        assert (await runtime.complete("hi", model=wire.ref, deadlines=lifted)).text == "".join(
            TEXTS
        )
