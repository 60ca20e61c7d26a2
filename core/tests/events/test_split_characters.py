"""A character that arrives in halves is one character, in text, thinking and arguments."""

import pytest

from modelwire.errors import StreamTruncated
from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    Stop,
    TextDelta,
    TextDeltaEvent,
    ThinkingDelta,
    ToolCallStart,
)
from modelwire.events.assembler import Assembler
from modelwire.messages import StopReason

HIGH, LOW = "\ud83d", "\ude00"


def assembled(*deltas, together=False):
    assembler, events = Assembler("p", "m"), []
    if together:
        assembler.feed_all([*deltas, Stop(StopReason.STOP)], events)
    else:
        for delta in (*deltas, Stop(StopReason.STOP)):
            events += assembler.feed(delta)
    events += assembler.finish()
    return events[-1].message, events


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("kind", [TextDelta, ThinkingDelta])
@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        (["a", f"b{HIGH}", f"{LOW}c", "d"], "ab😀cd"),
        ([HIGH, LOW], "😀"),
        ([f"a{HIGH}", "b"], "a\ufffdb"),
        ([f"a{HIGH}"], "a\ufffd"),
        (["a", LOW, "b"], "a\ufffdb"),
        ([HIGH, HIGH, LOW, LOW], "\ufffd😀\ufffd"),
        (["ünd", "😀"], "ünd😀"),
    ],
)
def test_halves_are_joined(kind, pieces, whole, together):
    message, events = assembled(*(kind(0, piece) for piece in pieces), together=together)
    assert message.content[0].text == whole
    streamed = "".join(e.delta for e in events if type(e).__name__.endswith("DeltaEvent"))
    assert streamed == whole
    assert all(e.delta for e in events if isinstance(e, TextDeltaEvent))


def test_halves_of_two_blocks_are_not_mixed():
    message, _ = assembled(
        TextDelta(0, HIGH), ThinkingDelta(1, HIGH), TextDelta(0, LOW), ThinkingDelta(1, "x")
    )
    assert [block.text for block in message.content] == ["😀", "\ufffdx"]


@pytest.mark.parametrize(
    ("fragments", "value"),
    [
        ([f'{{"a": "{HIGH}', f'{LOW}"}}'], "😀"),
        (['{"a": "\\ud83d', '\\ude00"}'], "😀"),
        (['{"a": "\\ud8', '3d\\ude00"}'], "😀"),
        (['{"a": "\\ud83d"}'], "\ufffd"),
        ([f'{{"a": "{HIGH}', '"}'], "\ufffd"),
    ],
)
def test_halves_in_arguments_are_joined(fragments, value):
    message, _ = assembled(
        ToolCallStart(0, "c", "t"), *(ArgumentsDelta(0, f) for f in fragments), BlockEnd(0)
    )
    assert message.tool_calls[0].arguments == {"a": value}


def test_a_half_of_an_answer_that_was_cut_is_replaced():
    assembler = Assembler("p", "m")
    assembler.feed(TextDelta(0, f"a{HIGH}"))
    error = StreamTruncated("cut")
    assembler.fail(error)
    assert error.partial.text == "a\ufffd"
