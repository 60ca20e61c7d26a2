"""Deltas that arrived together, and that a plugin yields as one list."""

import pytest

from modelwire.errors import Cancelled, PluginError
from modelwire.events import DoneEvent, TextDelta, TextDeltaEvent, deltas_of

SOURCE = """
    from modelwire.events import *
    from modelwire.hookspecs import hookimpl
    from modelwire.messages import StopReason, Usage

    DELTAS = [
        ResponseInfo(response_id="r"),
        ThinkingDelta(0, "so"),
        SignatureDelta(0, "sig"),
        BlockEnd(0),
        TextDelta(1, "a"),
        TextDelta(1, ""),
        TextDelta(1, "b"),
        BlockEnd(1),
        ToolCallStart(2, "c", "f"),
        ArgumentsDelta(2, "{}"),
        BlockEnd(2),
        TextDelta(3, "c"),
        UsageReport(Usage(1, 2)),
        Stop(StopReason.TOOL_USE),
    ]

    @hookimpl
    async def stream_completion(model):
        if model.id == "singly":
            for delta in DELTAS:
                yield delta
        elif model.id == "halves":
            yield DELTAS[:5]
            yield DELTAS[5:]
        elif model.id == "broken":
            yield [*DELTAS[:7], "hello"]
        else:
            yield []
            yield DELTAS
"""


@pytest.fixture
def ask(site, make_runtime):
    site.provider("together", source=SOURCE)
    runtime = make_runtime()
    return lambda how: runtime.stream("x", model=f"together/{how}")


@pytest.mark.parametrize("how", ["halves", "whole"])
async def test_it_makes_no_difference_how_deltas_are_grouped(ask, how):
    *events, done = [event async for event in ask(how)]
    *expected, _ = [event async for event in ask("singly")]
    assert events[1:] == expected[1:]  # the first one names the model
    assert done.message.text == "abc"


async def test_what_came_before_a_fault_in_the_same_arrival_is_delivered(ask):
    texts = []
    with pytest.raises(PluginError, match="str") as caught:
        async for event in ask("broken"):
            if type(event) is TextDeltaEvent:
                texts.append(event.delta)
    assert texts == ["a", "b"]
    assert caught.value.partial.text == "ab"


async def test_an_answer_can_be_cancelled_between_events_that_arrived_together(ask):
    stream, seen = ask("whole"), []
    with pytest.raises(Cancelled):
        async for event in stream:
            seen.append(event)
            if type(event) is TextDeltaEvent:
                stream.cancel()
    assert [type(event) for event in seen].count(TextDeltaEvent) == 1


async def test_there_is_no_message_before_the_last_event(ask):
    stream = ask("whole")
    async for event in stream:
        assert (stream.message is not None) is (type(event) is DoneEvent)


def test_one_delta_is_taken_for_one_that_arrived_alone():
    delta = TextDelta(0, "a")
    assert list(deltas_of(delta)) == list(deltas_of([delta])) == [delta]
