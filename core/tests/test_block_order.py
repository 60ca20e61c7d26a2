"""Blocks of an answer come out one after another, whatever the order of their parts."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.dialects import BlockOrder
from modelwire.events import (
    StartEvent,
    TextDeltaEvent,
    TextEndEvent,
    TextStartEvent,
    ToolCallDeltaEvent,
    ToolCallEndEvent,
    ToolCallStartEvent,
)
from modelwire.messages import ToolCall


def call(index, *fragments):
    """The events of a tool call but for its end, and its end."""
    arguments = json.loads("".join(fragments) or "{}")
    events = [
        ToolCallStartEvent(index, f"call_{index}", "look"),
        *(ToolCallDeltaEvent(index, fragment) for fragment in fragments),
    ]
    return events, ToolCallEndEvent(index, ToolCall(f"call_{index}", "look", arguments))


def fed(events):
    """What comes out for each event that goes in."""
    order = BlockOrder()
    return [list(order.feed(event)) for event in events]


def test_a_whole_call_ends_where_the_next_one_begins():
    (first, first_end), (second, second_end) = call(0, '{"a":', "1}"), call(1, "{}")

    came = fed([*first, *second, first_end, second_end])

    assert came == [
        [first[0]],
        [first[1]],
        [first[2]],
        [first_end, second[0]],
        [second[1]],
        [],
        [second_end],
    ]


@pytest.mark.parametrize("fragments", [(), ('{"a"',), ("[1]",)])
def test_the_next_call_waits_for_one_that_may_go_on(fragments):
    (first, end), (second, second_end) = call(0), call(1, "{}")
    started = [first[0], *(ToolCallDeltaEvent(0, fragment) for fragment in fragments)]

    came = fed([*started, *second, end, second_end])

    assert came == [*([event] for event in started), [], [], [end, *second], [second_end]]


def test_text_and_what_belongs_to_no_block_come_at_once():
    events = [
        StartEvent("p", "m"),
        TextStartEvent(0),
        TextDeltaEvent(0, "Hi"),
        TextEndEvent(0, "Hi"),
        *call(1, "{}")[0],
        call(1, "{}")[1],
    ]

    assert fed(events) == [[event] for event in events]


@st.composite
def answers(draw):
    """Events of several calls, whose parts come in any order, and then their ends."""
    texts = draw(
        st.lists(st.dictionaries(st.text(max_size=3), st.integers()), min_size=1, max_size=4)
    )
    queues = []
    for index, arguments in enumerate(texts):
        text = json.dumps(arguments)
        cut = draw(st.integers(1, len(text) - 1))
        queues.append(call(index, text[:cut], text[cut:])[0])
    events = []
    while any(queues):
        # Blocks begin in their order.
        begun = [queue for queue in queues if queue and len(queue) < 3]
        fresh = next((queue for queue in queues if len(queue) == 3), None)
        events.append(draw(st.sampled_from([*begun, *([fresh] if fresh else [])])).pop(0))
    ends = [
        ToolCallEndEvent(index, ToolCall(f"call_{index}", "look", arguments))
        for index, arguments in enumerate(texts)
    ]
    return events, ends


@settings(deadline=None)
@given(answers())
def test_any_order_comes_out_block_by_block(answer):
    events, ends = answer

    came = [event for each in fed([*events, *ends]) for event in each]

    assert [event.content_index for event in came] == sorted(event.content_index for event in came)
    for end in ends:
        own = [event for event in came if event.content_index == end.content_index]
        assert own == [*(each for each in events if each.content_index == end.content_index), end]
