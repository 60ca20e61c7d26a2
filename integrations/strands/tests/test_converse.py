"""Texts that go on, which are written in a shorter way than others."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.events import (
    TextDeltaEvent,
    TextEndEvent,
    TextStartEvent,
    ThinkingDeltaEvent,
    ThinkingEndEvent,
    ThinkingStartEvent,
    ToolCallDeltaEvent,
    ToolCallStartEvent,
)
from modelwire.models import Model
from modelwire_strands.converse import ConverseEvents, read_call

pytestmark = pytest.mark.extensive("it needs a framework, which takes long to import")

CALL = read_call(
    Model("amazon-bedrock", "m", "M"), [{"role": "user", "content": [{"text": "Hello"}]}]
)
OTHERS = st.sampled_from([ToolCallStartEvent(2, "1", "t"), ToolCallDeltaEvent(2, '{"a":')])
TEXTS = st.lists(
    st.builds(TextDeltaEvent, st.sampled_from([0, 0, 3]), st.text(min_size=1)) | OTHERS, max_size=12
)


def blocks(said):
    """The pieces in the order in which a stream has them, each block begun before it goes on."""
    begun = set()
    for event in said:
        if isinstance(event, TextDeltaEvent) and event.content_index not in begun:
            begun.add(event.content_index)
            yield TextStartEvent(event.content_index)
        if not isinstance(event, ToolCallDeltaEvent) or 2 in begun:
            yield event
        if isinstance(event, ToolCallStartEvent):
            begun.add(2)


def written(said, *, apart):
    """What is written; `apart` makes the last text unknown before each event."""
    events = ConverseEvents(CALL, "m")
    found = []
    for event in said:
        if apart:
            events._text = None
        found += events.of(event)
    return found


@settings(deadline=None)
@given(said=TEXTS)
def test_a_text_that_goes_on_is_written_as_one_that_begins(said):
    said = list(blocks(said))
    assert written(said, apart=False) == written(said, apart=True)


def test_the_blocks_of_texts_are_numbered_as_they_are_written():
    said = [
        ThinkingStartEvent(0),
        ThinkingDeltaEvent(0, "Hm."),
        ThinkingEndEvent(0, "Hm."),
        TextStartEvent(4),
        TextDeltaEvent(4, "one"),
        TextDeltaEvent(4, "two"),
        TextEndEvent(4, "onetwo"),
    ]
    assert written(said, apart=False)[-3:] == [
        {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"text": "one"}}},
        {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"text": "two"}}},
        {"contentBlockStop": {"contentBlockIndex": 1}},
    ]
