"""Events with a piece of text, which are translated by a shorter way than others."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import DecodeError

from modelwire.authoring import JsonEvent, TypedEvent, until_fault
from modelwire.events import TextDelta
from modelwire_anthropic.messages.stream import Translator
from modelwire_anthropic.messages.typed import TYPED_TEXTS

VALUES = st.sampled_from([0, 1, None, True, 1.0, "text", "", "\ud83d", ["text"], {}])
DELTAS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["text_delta", "text_delta", "thinking_delta", None, 1]),
        "text": VALUES,
        "thinking": VALUES,
    },
)
EVENTS = st.fixed_dictionaries(
    {"type": st.sampled_from(["content_block_delta", "content_block_delta", "unknown"])},
    optional={"index": VALUES, "delta": DELTAS | VALUES},
)
BLOCKS = st.builds(
    lambda kind, index: {
        "type": "content_block_start",
        "index": index,
        "content_block": {"type": kind, "text": ""},
    },
    st.sampled_from(["text", "server_tool_use"]),
    st.sampled_from([0, 1]),
)


def as_read(data):
    """The event as the reader of a stream makes it."""
    raw = json.dumps(data).encode()
    try:
        return TypedEvent("message", TYPED_TEXTS.decode(raw), raw)
    except DecodeError:
        return JsonEvent("message", data)


def translated(translator, events):
    deltas, fault = until_fault(translator.feed, events)
    return deltas, fault and str(fault)


@settings(deadline=None)
@given(said=st.lists(EVENTS | EVENTS | BLOCKS, max_size=6))
def test_a_plain_text_says_the_same_by_the_shorter_way(said):
    events = [JsonEvent("message", data) for data in said]
    typed = [as_read(data) for data in said]
    assert translated(Translator({}), typed) == translated(Translator({}), events)


def test_a_piece_of_text_takes_the_shorter_way():
    piece = {"type": "text_delta", "text": "Hello"}
    said = {"type": "content_block_delta", "index": 3, "delta": piece}
    assert isinstance(as_read(said), TypedEvent)
    assert translated(Translator({}), [as_read(said)]) == ([TextDelta(3, "Hello")], None)
