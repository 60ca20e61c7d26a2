"""What streams cost that begin together, counted in what is the same on every machine."""

import asyncio
import selectors
import sys
from pathlib import Path

import pytest
from burst_reader import answering, read, runtime_for

from modelwire.transport.starts import TOGETHER

STREAMS = 64
MOST_CALLS = 850
"""The most calls of modelwire's own functions for a short answer, from the call to its end."""
MOST_AT_ONCE = 82
"""The most of them before the gate of starts, where all streams that are begun together get at once."""


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
            selector.begin()
            sys.setprofile(selector.note)
            try:
                await asyncio.gather(*(read(runtime) for _ in range(STREAMS)))
            finally:
                sys.setprofile(None)

    loops = asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector))
    with answering(5) as url, loops as runner:
        runner.run(main(url))
    return selector


def test_streams_that_begin_together_send_few_requests_in_each_turn(burst):
    assert sum(burst.requests.values()) == STREAMS
    assert max(burst.requests.values()) <= TOGETHER
    turns = max(burst.requests) - min(burst.requests) + 1
    assert turns < STREAMS / TOGETHER * 1.3, "no turn goes by without requests"


def test_a_start_costs_few_function_calls(burst):
    calls = sum(burst.calls.values()) / STREAMS
    assert calls < MOST_CALLS, f"{calls:.0f} calls"


def test_little_is_done_before_the_gate(burst):
    calls = burst.calls[min(burst.calls)] / STREAMS
    assert calls < MOST_AT_ONCE, f"{calls:.0f} calls"
