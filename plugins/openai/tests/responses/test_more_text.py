"""Texts that go on where the event before left off, which are translated by a shorter way."""

from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.authoring import JsonEvent, until_fault
from modelwire_openai.responses.stream import Translator

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
    events = [JsonEvent("message", data) for same in pieces for data in same]
    apart = [each for event in events for each in (UNKNOWN, event)]
    assert translated(events) == translated(apart)
