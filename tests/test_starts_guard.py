"""What streams cost that begin together, counted in what is the same on every machine."""

import asyncio
import gc
import selectors
import sys
from pathlib import Path

import pytest
from burst_reader import MODEL, answering, read, runtime_for

from modelwire.events import TextDeltaEvent
from modelwire.transport.starts import APART, TOGETHER

STREAMS = 64
MOST_CALLS = 600
"""The most calls of modelwire's own functions for a short answer, from the call to its end."""
MOST_AT_ONCE = 70
"""The most of them before the gate of starts, where all streams that are begun together get at once."""

MOST_INSTRUCTIONS = 14_200
"""The most instructions of modelwire's own code for an answer of one piece of text."""
MOST_BLOCKS = 405
"""The most blocks of memory that an open stream holds."""


class CountingSelector(selectors.DefaultSelector):
    """Counts the turns of a loop, and what happens in each.

    Attributes:
        requests: Requests that were sent, by turn.
        calls: Calls of modelwire's own functions, by turn.
    """

    def __init__(self):
        super().__init__()
        self.turns = 0
        self.begin()

    def begin(self):
        """Forget what was counted."""
        self.requests, self.calls = {}, {}

    def select(self, timeout=None):
        self.turns += 1
        return super().select(timeout)

    def note(self, frame, event, arg):
        """Count; a function for `sys.setprofile`."""
        if event == "c_call" and arg.__name__ == "send" and "socket" in repr(arg):
            self.requests[self.turns] = self.requests.get(self.turns, 0) + 1
        elif event == "call" and "modelwire" in frame.f_code.co_filename:
            self.calls[self.turns] = self.calls.get(self.turns, 0) + 1


@pytest.fixture(scope="module")
def burst(tmp_path_factory):
    """The selector of a loop in which streams began together on a warm runtime."""
    selector = CountingSelector()
    folder: Path = tmp_path_factory.mktemp("starts")

    async def main(url):
        async with runtime_for(url, folder) as runtime:
            for _ in range(2):
                await asyncio.gather(*(read(runtime) for _ in range(STREAMS)))
            counted = []
            for _ in range(3):
                selector.begin()
                sys.setprofile(selector.note)
                try:
                    await asyncio.gather(*(read(runtime) for _ in range(STREAMS)))
                finally:
                    sys.setprofile(None)
                counted.append((selector.requests, selector.calls))
        # A busy machine divides answers, and each part takes calls of its own.
        selector.requests, selector.calls = min(counted, key=lambda each: sum(each[1].values()))

    loops = asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector))
    with answering(5) as url, loops as runner:
        runner.run(main(url))
    return selector


def test_streams_that_begin_together_send_few_requests_in_each_turn(burst):
    assert sum(burst.requests.values()) == STREAMS
    assert max(burst.requests.values()) <= TOGETHER
    turns = max(burst.requests) - min(burst.requests) + 1
    assert turns < STREAMS / TOGETHER * (APART + 1), "they do not wait longer than they must"


def test_a_start_costs_few_function_calls(burst):
    calls = sum(burst.calls.values()) / STREAMS
    assert calls < MOST_CALLS, f"{calls:.0f} calls"


def test_little_is_done_before_the_gate(burst):
    calls = burst.calls[min(burst.calls)] / STREAMS
    assert calls < MOST_AT_ONCE, f"{calls:.0f} calls"


async def test_a_short_request_takes_few_instructions(tmp_path):
    """Counted in instructions of Python's own machine, those of modelwire's code alone."""
    counted = 0

    def count(frame, event, _arg):
        nonlocal counted
        if event == "opcode":
            counted += 1
        return count

    def enter(frame, _event, _arg):
        if "modelwire" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return count

    with answering(1) as url:
        async with runtime_for(url, tmp_path) as runtime:
            for _ in range(4):
                await read(runtime)
            sys.settrace(enter)
            try:
                await read(runtime)
            finally:
                sys.settrace(None)
    assert counted < MOST_INSTRUCTIONS, f"{counted} instructions"


async def test_an_open_stream_holds_few_blocks_of_memory(tmp_path):
    with answering(2, "faults", fault="left") as url:
        async with runtime_for(url, tmp_path) as runtime:
            await held(runtime, STREAMS)
            more = await held(runtime, 2 * STREAMS) - await held(runtime, STREAMS)
    assert more / STREAMS < MOST_BLOCKS, f"{more / STREAMS:.0f} blocks"


async def held(runtime, streams):
    """Blocks of memory while so many streams are open, that have said something and say no more."""
    opened = [runtime.stream("Hello", model=MODEL) for _ in range(streams)]

    async def begin(stream):
        async for event in stream:
            if type(event) is TextDeltaEvent:
                return

    gc.collect()
    before = sys.getallocatedblocks()
    await asyncio.gather(*map(begin, opened))
    gc.collect()
    blocks = sys.getallocatedblocks() - before
    for stream in opened:
        await stream.aclose()
    return blocks
