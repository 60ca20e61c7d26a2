"""Texts that go on where the event before left off, which are translated by a shorter way."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import DecodeError

from modelwire.authoring import JsonEvent, TypedEvent, until_fault
from modelwire.events import TextDelta
from modelwire_openai.responses.stream import Translator
from modelwire_openai.responses.typed import TYPED_TEXTS

UNKNOWN = JsonEvent("message", {"type": "response.unknown"})
NUMBERS = st.sampled_from([0, 1, None, True, 1.0, "0"])
PLACES = st.fixed_dictionaries(
    {},
    optional={
        "item_id": st.sampled_from(["msg_1", "msg_2", None, 1]),
        "output_index": NUMBERS,
        "content_index": NUMBERS,
    },
)
TEXTS = st.sampled_from(["one", " two", "", None, 3, "\ud83d"])
SAID = st.builds(
    lambda kind, key, place, text: {"type": f"response.{kind}", key: text, **place},
    st.sampled_from(["output_text.delta", "output_text.delta", "refusal.delta"]),
    st.just("delta"),
    PLACES,
    TEXTS,
)
ENDED = st.builds(
    lambda place, text: {"type": "response.output_text.done", "text": text, **place}, PLACES, TEXTS
)
ITEMS = st.builds(
    lambda kind, item_id, output: {
        "type": f"response.output_item.{kind}",
        "item": {"type": "message", "id": item_id, "content": []},
        "output_index": output,
    },
    st.sampled_from(["added", "done"]),
    st.sampled_from(["msg_1", "msg_2"]),
    NUMBERS,
)


def as_read(data):
    """The event as the reader of a stream makes it."""
    raw = json.dumps(data).encode()
    try:
        return TypedEvent("message", TYPED_TEXTS.decode(raw), raw)
    except DecodeError:
        return JsonEvent("message", data)


def translated(events):
    """The deltas, and what is wrong with the event after them."""
    deltas, fault = until_fault(Translator().feed, events)
    return deltas, fault and str(fault)


@settings(deadline=None)
@given(
    pieces=st.lists(
        st.one_of(SAID, SAID, ENDED, ITEMS).flatmap(lambda e: st.lists(st.just(e), max_size=3)),
        max_size=8,
    )
)
def test_a_text_that_goes_on_says_the_same_as_one_that_begins_again(pieces):
    said = [data for same in pieces for data in same]
    events = [JsonEvent("message", data) for data in said]
    assert translated([as_read(data) for data in said]) == translated(events)
    apart = [each for data in said for each in (UNKNOWN, as_read(data))]
    assert translated(apart) == translated(events)


def test_a_piece_of_text_takes_the_shorter_way():
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    said = {"type": "response.output_text.delta", "delta": "Hello", **place, "logprobs": []}
    begun = {
        "type": "response.output_item.added",
        "item": {"type": "message", "id": "msg_1", "content": []},
        "output_index": 0,
    }
    assert isinstance(as_read(said), TypedEvent)
    again = [TextDelta(0, "Hello")] * 2
    assert translated([as_read(begun), as_read(said), as_read(said)]) == (again, None)
