"""A plugin may yield anything: each field of each delta is checked, and `fail` never raises."""

import json
import re
from enum import StrEnum
from typing import get_args, get_type_hints

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.errors import ModelwireError, PluginError, RateLimited
from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    CitationDelta,
    Delta,
    Diagnostic,
    RedactedThinkingDelta,
    ResponseInfo,
    SignatureDelta,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCallStart,
    UsageReport,
)
from modelwire.events.assembler import Assembler
from modelwire.messages import Citation, Cost, StopReason, Text, Thinking, ToolCall, Usage
from modelwire.messages.codec import message_to_json

CLASSES = get_args(Delta)
FIELDS = [(cls, name) for cls in CLASSES for name in attrs.fields_dict(cls)]


class Label(StrEnum):
    NAME = "label"


class Word(str):
    __slots__ = ()

    def __str__(self):
        return "something else"


class Octets(bytes):
    pass


class Number(int):
    pass


# For each type that a field may have: a right value, and wrong ones.
VALUES = {
    int: (0, [None, "0", 1.0, True, b"0", [], {}, object()]),
    str: ("a", [None, 5, 0.5, True, b"a", ["a"], {}, bytearray(b"a"), object()]),
    str | None: ("a", [5, False, b"a", ["a"], {}, object()]),
    bytes: (b"a", [None, 5, "a", bytearray(b"a"), memoryview(b"a"), [], object()]),
    Citation: (
        Citation("web", "A", "https://a.example", start=1),
        [
            None,
            "web",
            {"kind": "web"},
            Citation,
            *(Citation(value) for value in (None, 5, "book", [])),
            *(Citation("web", title=value) for value in (5, b"a", ["a"])),
            *(Citation("web", start=value) for value in ("0", 1.0, True, -1, 2**60)),
            Citation("web", unit="word"),
        ],
    ),
    Usage: (Usage(1), [None, 5, {}, {"input": 1}, Usage]),
    StopReason: (
        StopReason.STOP,
        [None, "stop", "length", 5, StopReason.ERROR, StopReason.ABORTED, StopReason],
    ),
    dict: (
        {"a": [1, 0.5, None, True, "b", {"c": []}]},
        [None, 5, [], "a", {5: 1}, {None: 1}, {"a": object()}, {"a": {1}}, {"a": [b"b"]}],
    ),
}


def kind_of(cls, name):
    kind = get_type_hints(cls)[name]
    return dict if getattr(kind, "__origin__", None) is dict else kind


def right(cls, **changes):
    """A delta of this class whose fields have the right types, but for the changes."""
    given = {name: VALUES[kind_of(cls, name)][0] for name in attrs.fields_dict(cls)}
    return cls(**{**given, **changes})


def shown(value):
    """A value in the id of a test: the same in every process."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))[:40]


WRONG = [
    pytest.param(cls, name, value, id=f"{cls.__name__}.{name}-{shown(value)}")
    for cls, name in FIELDS
    for value in VALUES[kind_of(cls, name)][1]
]


def begun():
    """An assembler that has got a text, thinking and half a tool call."""
    assembler = Assembler("acme", "m-1", plugin="modelwire-acme")
    for delta in (
        ThinkingDelta(0, "hm"),
        BlockEnd(0),
        TextDelta(1, "so far"),
        ToolCallStart(2, "c", "tool"),
        ArgumentsDelta(2, '{"a"'),
    ):
        assembler.feed(delta)
    return assembler


@pytest.mark.parametrize(("cls", "name", "value"), WRONG)
@pytest.mark.parametrize("feed", ["feed", "feed_all"])
def test_a_field_of_the_wrong_type_is_the_plugins_fault_and_is_named(cls, name, value, feed):
    assembler = begun()
    wrong = right(cls, **{name: value})
    events = []
    with pytest.raises(PluginError) as caught:
        if feed == "feed":
            assembler.feed(wrong)
        else:
            assembler.feed_all([TextDelta(1, "!"), wrong, TextDelta(1, "never")], events)
    said = str(caught.value)
    assert said.startswith("modelwire-acme yielded a wrong delta: ")
    assert f"{cls.__name__}.{name} must be " in said
    assert not caught.value.retryable
    assert "tell its author" in caught.value.hint
    assembler.fail(caught.value)
    more = "!" if feed == "feed_all" else ""
    assert caught.value.partial.content == [Thinking("hm"), Text(f"so far{more}")]
    assert caught.value.partial.error_code == "plugin"
    assert [event.delta for event in events] == list(more)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_deltas_of_the_right_types_are_taken(cls):
    assembler = Assembler("acme", "m-1")
    if cls is ArgumentsDelta:
        assembler.feed(ToolCallStart(0, "c", "tool"))
    assembler.feed(right(cls))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (TextDelta(0, 5), "TextDelta.text must be a str, not int."),
        (TextDelta(True, "a"), "TextDelta.index must be an int, not bool."),
        (RedactedThinkingDelta(0, "a"), "RedactedThinkingDelta.data must be bytes, not str."),
        (ResponseInfo(5), "ResponseInfo.response_id must be a str or None, not int."),
        (UsageReport(None), "UsageReport.usage must be a Usage, not None."),
        (Stop("stop"), "Stop.reason must be StopReason.STOP, LENGTH or TOOL_USE, not str."),
        (
            Stop(StopReason.ERROR),
            "Stop.reason must be StopReason.STOP, LENGTH or TOOL_USE, not StopReason.ERROR.",
        ),
        (Diagnostic("a", {"b": [set()]}), "Diagnostic.data must be JSON data, and holds set."),
        (Diagnostic("a", {5: 1}), "Diagnostic.data must be JSON data, and has int as a key."),
        ("hello", "str is not a delta."),
        ((TextDelta(0, "a"),), "tuple is not a delta."),
    ],
)
def test_the_message_says_what_was_expected_and_what_was_found(wrong, said):
    with pytest.raises(PluginError) as caught:
        Assembler("acme", "m-1").feed(wrong)
    assert str(caught.value) == f"The plugin yielded a wrong delta: {said}"


def test_a_value_is_not_repeated_in_the_error():
    with pytest.raises(PluginError) as caught:
        Assembler("acme", "m-1").feed(TextDelta(0, ["sk-secret"]))
    assert "sk-secret" not in f"{caught.value}{caught.value.hint}"


@pytest.mark.parametrize(
    "index", [-1, 2**63, 10**5000, Number(7)], ids=["negative", "large", "huge", "class"]
)
def test_any_whole_number_is_an_index(index):
    assembler = Assembler("acme", "m-1")
    events = []
    assembler.feed_all([TextDelta(index, "a"), TextDelta(index, "b"), BlockEnd(index)], events)
    assembler.feed(Stop(StopReason.STOP))
    assert assembler.finish()[-1].message.content == [Text("ab")]


@pytest.mark.parametrize("feed", ["feed", "feed_all"])
@pytest.mark.parametrize("text", [Label.NAME, Word("label")], ids=["enum", "class"])
def test_texts_of_a_subclass_are_taken_as_plain_texts(text, feed):
    deltas = [
        ResponseInfo(text, text, text, text),
        TextDelta(0, "a"),
        TextDelta(0, text),
        CitationDelta(0, Citation("web", text, text, start=Number(3))),
        ThinkingDelta(1, text),
        SignatureDelta(1, text),
        ToolCallStart(2, text, text),
        ArgumentsDelta(2, Word("{}")),
        BlockEnd(2),
        RedactedThinkingDelta(3, Octets(b"a")),
        Diagnostic(text, {"kept": text}),
        Stop(StopReason.STOP, text),
    ]
    assembler = Assembler("acme", "m-1")
    events = []
    if feed == "feed_all":
        assembler.feed_all(deltas, events)
    else:
        for delta in deltas:
            events += assembler.feed(delta)
    message = assembler.finish()[-1].message
    assert message.content == [
        Text("alabel", None, [Citation("web", "label", "label", start=3)]),
        Thinking("label", "label"),
        ToolCall("label", "label", {}),
        Thinking.from_redacted(b"a"),
    ]
    assert (message.response_id, message.raw_stop_reason) == ("label", "label")
    found = [getattr(event, "delta", None) for event in events]
    found += [message.response_id, message.response_model, message.api, message.raw_stop_reason]
    held = [*message.content, *message.citations]
    found += [value for block in held for value in attrs.astuple(block, recurse=False)]
    found += [message.diagnostics[0]["type"]]
    assert {type(value) for value in found} <= {str, type(None), bool, dict, tuple, int}


NONSENSE = {
    "negative": -1,
    "infinite": float("inf"),
    "not a number": float("nan"),
    "fraction": 0.5,
    "float": 5.0,
    "text": "5",
    "none": None,
    "bool": True,
    "too large": 2**53 + 1,
    "huge": 10**5000,
    "list": [],
}


def nonsensical_usages():
    for name in attrs.fields_dict(Usage):
        if name == "cost":
            continue
        for what, value in NONSENSE.items():
            if not (name == "reasoning" and value is None):
                yield pytest.param(name, Usage(**{name: value}), id=f"{name}-{what}")
    yield pytest.param("cost", Usage(cost=5), id="cost")
    for name in attrs.fields_dict(Cost):
        for what in ("negative", "infinite", "not a number", "text", "none", "bool", "huge"):
            usage = Usage(cost=Cost(**{name: NONSENSE[what]}))
            yield pytest.param(f"cost.{name}", usage, id=f"cost.{name}-{what}")


@pytest.mark.parametrize(("place", "usage"), list(nonsensical_usages()))
def test_a_usage_that_makes_no_sense_costs_the_usage_and_not_the_answer(place, usage):
    assembler = Assembler("acme", "m-1", price=lambda usage: Cost(usage.input))
    for delta in (
        UsageReport(Usage(3, 4)),
        TextDelta(0, "kept"),
        *[UsageReport(usage)] * 3,
        Stop(StopReason.STOP),
    ):
        assembler.feed(delta)
    message = assembler.finish()[-1].message
    assert message.text == "kept"
    assert message.usage == Usage(3, 4, cost=Cost(3))
    (diagnostic,) = message.diagnostics
    assert diagnostic["type"] == "unreadable_usage"
    assert diagnostic["reason"].startswith(f"{place} ")
    json.dumps(message_to_json(message), allow_nan=False)


def test_a_usage_that_makes_no_sense_with_every_event_is_one_diagnostic():
    assembler = Assembler("acme", "m-1")
    for count in range(100):
        assembler.feed(Diagnostic("unreadable_usage", {"usage": {"in": -count}, "reason": "x"}))
        assembler.feed(Diagnostic("citation", {"n": count % 2}))
    assembler.feed(TextDelta(0, "Hi"))
    assembler.feed(Stop(StopReason.STOP))
    found = [d for d in assembler.finish()[-1].message.diagnostics if d["type"] != "citation"]
    assert found == [{"type": "unreadable_usage", "usage": {"in": -99}, "reason": "x"}]


def test_prices_that_cannot_be_used_cost_the_cost_and_not_the_answer():
    def broken(_):
        raise TypeError("unsupported operand")

    for price in (broken, lambda _: Cost(float("nan")), lambda _: Cost("5"), lambda _: 5):
        assembler = Assembler("acme", "m-1", price=price)
        assembler.feed(TextDelta(0, "kept"))
        error = RateLimited("busy")
        assembler.fail(error)
        assert error.partial.text == "kept"
        assembler.feed(Stop(StopReason.STOP))
        message = assembler.finish()[-1].message
        assert (message.text, message.usage.cost) == ("kept", None)


def test_numbers_and_depths_that_json_does_not_have_cost_their_part_of_a_diagnostic():
    deep = {}
    for _ in range(600):
        deep = {"a": deep}
    cyclic = {"b": 1}
    cyclic["again"] = [cyclic, cyclic]
    assembler = Assembler("acme", "m-1")
    for data in ({"n": float("nan"), "m": [1e999, 1.5, 10**5000]}, deep, cyclic):
        assembler.feed(Diagnostic("trace", data))
    assembler.feed(TextDelta(0, "Hi"))
    assembler.feed(Stop(StopReason.STOP))
    message = assembler.finish()[-1].message
    assert message.diagnostics[0] == {"type": "trace", "n": None, "m": [None, 1.5, None]}
    too_deep = {"type": "trace", "omitted": "It is nested deeper than 128 levels."}
    assert message.diagnostics[1:] == [too_deep, too_deep]
    json.dumps(message_to_json(message), allow_nan=False)


class Mute(ModelwireError):
    def __str__(self):
        raise RuntimeError("no text")


class Careless(RateLimited):
    def __init__(self):
        pass


ANYTHING = st.deferred(
    lambda: (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=5)
        | st.binary(max_size=5)
        | st.sampled_from([*StopReason, Word("w"), Label.NAME, object(), TextDelta, "{"])
        | st.just(5000).map(lambda digits: 10**digits)  # which has no text
        | st.builds(Usage, ANYTHING, st.integers(), reasoning=ANYTHING, cost=ANYTHING)
        | st.lists(ANYTHING, max_size=2)
        | st.dictionaries(st.text(max_size=2) | st.integers(), ANYTHING, max_size=2)
    )
)


@st.composite
def deltas(draw):
    """A delta, of which some fields may hold anything."""
    cls, wrong = draw(st.sampled_from(CLASSES)), draw(st.integers(0, 3)) == 0
    plausible = {int: st.integers(0, 2), str: st.sampled_from(["", "a", "{}", '{"a": 1}'])}
    return cls(
        **{
            name: draw(ANYTHING if wrong else plausible.get(kind, st.just(VALUES[kind][0])))
            for name in attrs.fields_dict(cls)
            if (kind := kind_of(cls, name))
        }
    )


ERRORS = st.sampled_from(
    [RateLimited("busy"), RateLimited(5), ModelwireError(None), Mute("m"), Careless()]
)


@settings(deadline=None)
@given(st.lists(deltas() | st.lists(deltas(), max_size=3) | ANYTHING, max_size=12), ERRORS)
def test_whatever_arrives_only_typed_errors_leave_and_fail_never_raises(arrivals, given):
    assembler = Assembler("acme", "m-1", price=lambda usage: Cost(usage.input * 1e300))
    error = given
    try:
        for arrived in arrivals:
            if isinstance(arrived, list):
                assembler.feed_all(arrived, [])
            else:
                assembler.feed(arrived)
        assembler.finish()
    except ModelwireError as raised:
        error = raised
    assembler.fail(error)
    assert error.partial.provider == "acme"
    json.dumps(message_to_json(error.partial), allow_nan=False)
