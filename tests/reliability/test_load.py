"""Two thousand streams at a time in one process, with faults and cancellations mixed in.

Each stream asks for pieces of text that no other stream has, from a service in a process of its own. So
whatever is lost, doubled or mixed up between streams shows. In a bounded run there are fewer, each once;
in a long one (`--long`) another begins where one has ended, for minutes, memory has to stay flat once
it is warm, and the event loop has to turn all the time.
"""

import asyncio
import json
import os
import random
import resource
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from attrs import define, field
from each_wire import EACH_WIRE
from leaks import HeldResources, settled
from load_server import texts_of
from long_runs import is_long, scaled

from modelwire.errors import ModelwireError
from modelwire.events import TextDeltaEvent
from modelwire.transport import Deadlines

pytestmark = pytest.mark.timeout(240)

SERVER = Path(__file__).parents[1] / "support" / "load_server.py"
STREAMS = int(os.environ.get("MODELWIRE_STREAMS", scaled(150, 2000)))
SECONDS = float(os.environ.get("MODELWIRE_SOAK_SECONDS", scaled(0, 120)))
RAMP = scaled(0.5, 30.0)
COUNT, PACE = scaled(10, 20), scaled(0.01, 1.0)

FAULTS = {
    "reset": "connection",
    "cut": "stream_truncated",
    "truncate": "stream_truncated",
    "corrupt": "malformed_response",
    "stall": "timeout",
}


@define
class Figures:
    """What a run has seen."""

    streams: int = 0
    events: int = 0
    failures: int = 0
    cancelled: int = 0
    lags: list[float] = field(factory=list)
    memory: list[float] = field(factory=list)

    def line(self, wire, seconds):
        lags = sorted(self.lags)
        return json.dumps(
            {
                "wire": str(wire),
                "at a time": STREAMS,
                "seconds": round(seconds),
                "streams": self.streams,
                "events": self.events,
                "failed on purpose": self.failures,
                "cancelled": self.cancelled,
                "lag p50 ms": round(lags[len(lags) // 2] * 1000, 1),
                "lag p99 ms": round(lags[len(lags) * 99 // 100] * 1000, 1),
                "lag max ms": round(lags[-1] * 1000, 1),
                "MiB": [round(size) for size in self.memory],
            }
        )


@contextmanager
def service(wire):
    program = subprocess.Popen(
        [sys.executable, SERVER, wire.api, str(PACE)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield program.stdout.readline().strip()
    finally:
        program.stdin.close()
        program.wait(timeout=30)
        program.stdout.close()


def resident():
    """MiB of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / (1 << 20)


async def feel(figures):
    """Note how late the loop wakes who wants to be woken, and now and then how much memory there is."""
    looked = 0.0
    while True:
        due = time.monotonic() + 0.02
        await asyncio.sleep(0.02)
        now = time.monotonic()
        figures.lags.append(max(0.0, now - due))
        if now - looked > 5:
            looked = now
            figures.memory.append(resident())


async def one_after_the_other(wire, runtime, numbers, dice, figures, *, start, until):
    """Stream after stream, from a moment of its own on until all have to end."""
    await asyncio.sleep(start)
    while True:
        await one_stream(wire, runtime, next(numbers), dice, figures)
        if time.monotonic() >= until:
            return


async def one_stream(wire, runtime, number, dice, figures):
    """Ask for one answer, and hold every piece of it against what must come."""
    question = {"id": f"{number:x}", "count": COUNT, "pace": PACE}
    expected = texts_of(question)
    fate = dice.random()
    fault, leaves_after = None, None
    if fate < 0.25:
        fault = dice.choice(list(FAULTS))
        # Behind the first events of an answer, which carry no text.
        after = dice.randrange(wire.at["mid-text"] - 2, COUNT)
        question["fault"] = {"kind": fault, "after": after}
    elif fate < 0.35:
        leaves_after = dice.randrange(COUNT)
    texts = []
    stream = runtime.stream(
        json.dumps(question),
        model=wire.ref,
        deadlines=Deadlines(connect=120, first_byte=120, idle=3 if fault == "stall" else 120),
    )
    error = None
    async with stream:
        try:
            async for event in stream:
                figures.events += 1
                if type(event) is TextDeltaEvent:
                    texts.append(event.delta)
                    if len(texts) == leaves_after:
                        break
        except ModelwireError as caught:
            error = caught
    figures.streams += 1
    assert tuple(texts) == expected[: len(texts)], (number, texts)
    if leaves_after is not None:
        figures.cancelled += 1
    elif fault is not None:
        figures.failures += 1
        assert (error.code, error.partial.text) == (FAULTS[fault], "".join(texts)), number
    else:
        assert error is None, (number, error)
        assert stream.message.text == "".join(expected), number


@pytest.mark.parametrize("wire", EACH_WIRE)
async def test_nothing_is_lost_or_mixed_among_many_streams(wire, tmp_path, record_property):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 1 << 16), hard))
    dice, figures, numbers = random.Random(11), Figures(), iter(range(10**9))
    with service(wire) as url:
        before = HeldResources.now()
        began = time.monotonic()
        async with wire.runtime(tmp_path, url=url) as runtime:
            feeling = asyncio.create_task(feel(figures))
            async with asyncio.TaskGroup() as group:
                for place in range(STREAMS):
                    streams = one_after_the_other(
                        *(wire, runtime, numbers, dice, figures),
                        start=RAMP * place / STREAMS,
                        until=began + SECONDS,
                    )
                    group.create_task(streams)
            feeling.cancel()
            with suppress(asyncio.CancelledError):
                await feeling
        assert not await settled(before)
    line = figures.line(wire, time.monotonic() - began)
    record_property("figures", line)
    print(line)
    assert figures.failures
    assert figures.cancelled
    if is_long():
        third = len(figures.memory) // 3
        warm, late = max(figures.memory[: 2 * third]), max(figures.memory[2 * third :])
        assert late < warm * 1.05 + 4, figures.memory
        if os.getloadavg()[0] <= (os.cpu_count() or 1):
            # Where others use the processors too, how late the loop wakes is theirs to say. That no
            # callback of ours computes for long, the watch over the loop demands in any case.
            assert sorted(figures.lags)[len(figures.lags) * 99 // 100] < 0.5
