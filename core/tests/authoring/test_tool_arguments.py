"""Arguments of a tool call from pieces that are deltas, snapshots, placeholders or repeats."""

import json
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.authoring import ToolArguments
from modelwire.errors import MalformedToolCall

BANANAS = {"q": "bananas"}

SERIES = {
    "deltas": (['{"q', '": "ban', 'anas"}'], BANANAS),
    "one piece": (['{"q": "bananas"}'], BANANAS),
    "one piece and white space": (['{"q": "bananas"}', "\n", " "], BANANAS),
    "white space in front": (["\n", ' {"q": ', '"bananas"}'], BANANAS),
    "braces in strings": (['{"q": "}', '{\\"', '}"}'], {"q": '}{"}'}),
    "a cut escape": (['{"q": "\\', '"}"}'], {"q": '"}'}),
    "snapshots": (['{"q', '{"q": "ba', '{"q": "bananas"}'], BANANAS),
    "snapshots, and the last twice": (['{"q', '{"q": "bananas"}', '{"q": "bananas"}'], BANANAS),
    "snapshots, and then the whole in another spacing": (
        ['{"q', '{"q": "bananas"}', '{"q":"bananas"}'],
        BANANAS,
    ),
    "snapshots that are closed": (['{"q": "b"}', '{"q": "bana"}', '{"q": "bananas"}'], BANANAS),
    "snapshots with more keys": (['{"q":"bananas"}', '{"q":"bananas","n":[1]}', '{"q":"bananas","n":[1,2]}'],
                                 {"q": "bananas", "n": [1, 2]}),
    "snapshots of a number": (['{"n":1}', '{"n":12}'], {"n": 12}),
    "snapshots from null": (['{"n":null}', '{"n":true}'], {"n": True}),
    "a placeholder": (["{}", '{"q": "bananas"}'], BANANAS),
    "null for a placeholder": (["null", '{"q": "bananas"}'], BANANAS),
    "null, then deltas": (["null", '{"q', '": "bananas"}'], BANANAS),
    "a placeholder and deltas": (["{}", '{"q', '": "bananas"}'], BANANAS),
    "a placeholder in pieces": (["{", "}", '{"q": "bananas"}'], BANANAS),
    "several placeholders": (["{}", "{}", "{ }", '{"q": "bananas"}', "{}"], BANANAS),
    "a placeholder and the rest in one piece": (['{}{"q": "bananas"}'], BANANAS),
    "only a placeholder": (["{}"], {}),
    "the same again": (['{"q":', ' "bananas"}', '{"q": "bananas"}'], BANANAS),
    "the same again, spaced differently": (['{"q":', ' "bananas"}', '{"q":"bananas"}'], BANANAS),
    "the same again in pieces": (['{"q": "bananas"}', '{"q":', '"bananas"}'], BANANAS),
    "the same again, twice": (['{"q": "bananas"}', '{"q":"bananas"}{"q" : "bananas"}'], BANANAS),
    "the same again, very often": (['{"q": "bananas"}' * 5000], BANANAS),
    "very many placeholders": (["{}" * 5000 + '{"q": "bananas"}'], BANANAS),
    "a nested object with the outer beginning": (['{"a":', '{"a":1}', "}"], {"a": {"a": 1}}),
    "the same with white space": (['{"a":', '{"a":1}', " ", "\n}"], {"a": {"a": 1}}),
    "deeper nested": (['{"a":', '{"a":', '{"a":', "1}}}"], {"a": {"a": {"a": 1}}}),
}  # fmt: skip


def received(pieces, whole=""):
    arguments = ToolArguments()
    out = [arguments.add(piece) for piece in pieces]
    return "".join(out) + arguments.end(whole), arguments


@pytest.mark.parametrize(("pieces", "value"), SERIES.values(), ids=SERIES)
def test_one_object_comes_out(pieces, value):
    text, arguments = received(pieces)
    assert json.loads(text) == value
    assert arguments.is_complete


def test_deltas_are_passed_on_as_they_arrive():
    arguments = ToolArguments()
    pieces = ['{"q', '": "ban', "an", 'as"', "}"]
    assert [arguments.add(piece) for piece in pieces] == ['{"q', '": "ban', "an", 'as"', ""]
    assert arguments.end() == "}"
    assert arguments.end() == ""


@pytest.mark.parametrize(
    "pieces",
    [
        ["{} trailing"],
        ['{"q": "x"}', "trailing"],
        ['{"q": "x"}', "}"],
        ['{"q": "x'],
        ["[1]"],
        ['"Paris"'],
        ["gAAAAB", "xyz=="],
        ['{"n": ' + "9" * 5000 + "}"],
        ['{"q" "x"}'],
    ],
)
def test_what_is_no_object_comes_out_as_it_came(pieces):
    text, arguments = received(pieces)
    assert text == "".join(pieces)
    assert not arguments.is_complete


@pytest.mark.parametrize(
    "pieces",
    [
        ['{"q": "x"}', '{"q": "y"}'],
        ['{"q": "x"}{"q": "y"}'],
        ['{"q": "x"}', '{"r": "x"}', '{"q": "x"}'],
        ['{"q": "xy"}', '{"q": "x"}'],
        ['{"q": "x"}', '{"q": '],
        ['{"n": 1}', '{"n": true}'],
        ['{"a": 1}{"a": 2}' * 5000],
    ],
)
def test_two_different_objects_are_an_error(pieces):
    arguments = ToolArguments()
    for piece in pieces:
        arguments.add(piece)
    assert not arguments.is_complete
    with pytest.raises(MalformedToolCall, match="differ"):
        arguments.end()


@pytest.mark.parametrize(
    ("pieces", "whole", "value"),
    [
        (["gAAAAB", "xyz=="], '{"q":"bananas"}', BANANAS),
        (['{"q":', '"bananas"}'], '{"q": "bananas"}', BANANAS),
        (['{"q":"ban'], '{"q":"bananas"}', BANANAS),
        (['{"q": "ban'], '{"q":"bananas"}', BANANAS),
        (['{"q":"bananas"}'], "{}", BANANAS),
        (['{"q":"bananas"}'], "", BANANAS),
        (["{}"], '{"q":"bananas"}', BANANAS),
        (['{"q":"a"}', '{"q":"b"}'], '{"q":"bananas"}', BANANAS),
        (['{"q":"b"}'], '{"q":"bananas"}', BANANAS),
        ([], '{"q":"bananas"}', BANANAS),
        ([], "{}", {}),
    ],
)
def test_the_whole_at_the_end_counts(pieces, whole, value):
    assert json.loads(received(pieces, whole)[0]) == value


def test_a_whole_that_contradicts_what_was_passed_on_is_an_error():
    arguments = ToolArguments()
    assert arguments.add('{"q":"ap') == '{"q":"ap'
    with pytest.raises(MalformedToolCall, match="streamed before"):
        arguments.end('{"q":"bananas"}')


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=200)
@given(
    value=st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3),
    cuts=st.lists(st.integers(0, 80), max_size=12),
    mode=st.sampled_from(["deltas", "snapshots"]),
    more=st.sampled_from(["", "same", "spaced", "placeholder first"]),
)
def test_any_object_in_any_pieces_is_that_object(value, cuts, mode, more):
    text = json.dumps(value)
    points = sorted({min(cut, len(text)) for cut in cuts} | {0, len(text)})
    if mode == "deltas":
        pieces = [text[a:b] for a, b in pairwise(points)]
    else:
        pieces = [text[:point] for point in points if point]
    before = ["{}"] if more == "placeholder first" else []
    after = {"same": [text], "spaced": [json.dumps(value, separators=(" , ", " : "))]}.get(more, [])
    result, _ = received([*before, *pieces, *after])
    assert json.loads(result) == value


SCRAPS = st.text(alphabet='{}[]":, \\a1', max_size=8) | st.sampled_from(
    ["{}", "null", '{"a":', '{"a":1}', '{"a":"x"}', "}", '{"a":{}}', " ", '"', "\\"]
)


@settings(deadline=None, max_examples=200)
@given(pieces=st.lists(SCRAPS, max_size=8), whole=st.just("") | SCRAPS)
def test_any_pieces_end_in_one_text_or_in_an_error(pieces, whole):
    arguments = ToolArguments()
    passed_on = "".join(arguments.add(piece) for piece in pieces)
    complete = arguments.is_complete
    try:
        text = passed_on + arguments.end(whole)
    except MalformedToolCall:
        assert whole or not complete
        return
    if complete:
        assert isinstance(json.loads(text), dict)


def test_the_work_grows_with_what_arrives_and_not_with_its_square():
    def seconds(count):
        arguments = ToolArguments()
        started = time.process_time()
        arguments.add('{"rows": [')
        for _ in range(count):
            arguments.add('{"a": "b"},')
        arguments.add("0]}")
        assert arguments.is_complete
        return time.process_time() - started

    seconds(1000)
    assert seconds(64_000) < 64 * 16 * max(seconds(1000), 0.001)
