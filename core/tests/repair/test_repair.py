"""What plugins repair with: names, ids, text, and the record of it."""

import math

from hypothesis import given
from hypothesis import strategies as st

from modelwire.events import Diagnostic
from modelwire.messages import (
    AssistantMessage,
    Context,
    StopReason,
    Tool,
    ToolCall,
    ToolResultMessage,
)
from modelwire.repair import (
    Change,
    Changes,
    Pairing,
    ToolNames,
    UniqueIds,
    clean_json,
    clean_text,
    is_blank,
    legal_name,
    names_in,
    shortened,
)

names = st.text(max_size=100)
LEGAL = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


@given(names, st.integers(20, 80))
def test_a_name_becomes_legal_and_a_legal_one_stays(name, longest):
    made = legal_name(name, longest=longest)
    assert 0 < len(made) <= longest
    assert set(made) <= LEGAL
    assert legal_name(made, longest=longest) == made


@given(st.lists(names, max_size=8))
def test_tool_names_are_distinct_on_the_wire_and_can_be_turned_back(given_names):
    made = ToolNames.of(given_names)
    wires = {made.wire(name) for name in given_names}
    assert len(wires) == len(set(given_names))
    assert all(made.rewritten.get(made.wire(name), made.wire(name)) == name for name in given_names)


@given(st.lists(st.sampled_from(["call_0", "a.b", "a_b", "x" * 70, ""]), max_size=20))
def test_ids_never_come_twice(originals):
    ids = UniqueIds()
    made = [ids.new(original) for original in originals]
    assert len(set(made)) == len(made)
    assert all(len(wire) <= 64 and set(wire) <= LEGAL for wire in made)


def test_an_id_of_the_providers_own_is_kept_once():
    ids = UniqueIds()
    assert ids.new("call:1", keep=True) == "call:1"
    assert ids.new("call:1", keep=True) != "call:1"
    assert ids.new("y" * 65, keep=True) != "y" * 65


def test_long_texts_are_kept_apart_after_they_were_shortened():
    assert shortened("abc") == "abc"
    first, second = shortened("x" * 70 + "1"), shortened("x" * 70 + "2")
    assert first != second
    assert len(first) == len(second) == 64


def test_every_tool_that_is_spoken_of_is_found():
    context = Context(
        [
            AssistantMessage([ToolCall("c", "called")], "p", "m"),
            ToolResultMessage("c", "answered", "x"),
        ],
        tools=[Tool("offered")],
    )
    assert names_in(context) == ["offered", "called", "answered"]


def test_halves_of_characters_are_removed_and_pairs_joined():
    assert clean_text("a\ud83d b\ud83d\ude00") == "a b\U0001f600"
    assert is_blank(" \n\ufeff\t")
    assert not is_blank(" . ")


def test_what_is_not_json_becomes_json():
    value = {1: [math.nan, float("inf"), 2.5, {"x"}, b"y", None, True], "\ud800k": "v\udfff"}
    assert clean_json(value) == {"1": [None, None, 2.5, ["x"], "b'y'", None, True], "k": "v"}


def test_changes_are_recorded_and_reported():
    changes = Changes()
    changes.dropped("messages[0]", "It is blank.")
    changes.note("merged", "messages[1]", "Two turns in a row.")
    assert changes.noted[1] == Change("merged", "messages[1]", "Two turns in a row.")
    assert changes.noted[0].diagnostic() == Diagnostic(
        "dropped", {"path": "messages[0]", "reason": "It is blank."}
    )


def test_results_are_paired_with_calls_in_order():
    pairing = Pairing(Changes())
    first, second = ("w1", ToolCall("c", "a"), "p1"), ("w2", ToolCall("c", "b"), "p2")
    pairing.ask([first, second])
    assert pairing.claim(ToolResultMessage("c", "a", "x"), "messages[1]") == first
    assert pairing.unanswered() == [second]
    assert pairing.unanswered() == []
    assert pairing.claim(ToolResultMessage("c", "b", "x"), "messages[2]") is None
    assert [change.path for change in pairing.changes.noted] == ["messages[2]"]


def test_calls_of_an_answer_that_failed_are_given_up_with_it():
    pairing = Pairing(Changes())
    failed = AssistantMessage([ToolCall("c", "a")], "p", "m", stop_reason=StopReason.ABORTED)
    assert pairing.leaves_out(failed, "messages[0]")
    assert pairing.claim(ToolResultMessage("c", "a", "x"), "messages[1]") is None
    assert not pairing.leaves_out(AssistantMessage("fine", "p", "m"), "messages[2]")
    assert [change.kind for change in pairing.changes.noted] == ["dropped", "dropped"]
