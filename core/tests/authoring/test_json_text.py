"""JSON from outside: what is taken, what is refused, and what is sent."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.authoring import check_json_depth, encode_json, parse_json, parse_json_or_none
from modelwire.structuring import MAX_DEPTH, check_depth, is_shallow

DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def nested(levels, opening='{"a":', closing="}"):
    return opening * levels + "1" + closing * levels


@settings(deadline=None)
@given(DATA)
def test_what_json_says_is_read(data):
    text = json.dumps(data)
    assert parse_json(text) == parse_json(text.encode()) == json.loads(text)


@pytest.mark.parametrize("form", [str, str.encode])
@pytest.mark.parametrize(("opening", "closing"), [('{"a":', "}"), ("[", "]"), ('[0,{"a":', "}]")])
def test_the_limit_on_depth_holds_for_every_form(form, opening, closing):
    per_level = opening.count("[") + opening.count("{")
    most = MAX_DEPTH // per_level
    assert parse_json(form(nested(most, opening, closing)))
    check_json_depth(form(nested(most, opening, closing)))
    for levels in (most + 1, 500, 5_000, 100_000):
        for check in (parse_json, check_json_depth):
            with pytest.raises(ValueError, match="nested"):
                check(form(nested(levels, opening, closing)))


@settings(deadline=None)
@given(st.integers(1, 2 * MAX_DEPTH), st.integers(0, 400))
def test_breadth_is_not_depth(levels, width):
    data = [[] for _ in range(width)]
    for _ in range(levels - 1):
        data = [data, {}]
    deep = levels + (width > 0) > MAX_DEPTH
    text = json.dumps(data)
    if deep:
        assert not is_shallow(text)
        with pytest.raises(ValueError, match="deeper"):
            check_depth(text, data)
    else:
        check_depth(text, data)


def test_brackets_in_texts_are_no_levels():
    text = json.dumps({"code": "[{" * 5_000})
    assert not is_shallow(text)
    assert parse_json(text) == {"code": "[{" * 5_000}


def test_numbers_that_json_does_not_have_are_read_and_cost_nothing_else():
    read = parse_json('{"a": 1e999, "b": -1e999, "c": NaN, "d": Infinity, "e": 1}')
    assert read["a"] == read["d"] == math.inf
    assert read["b"] == -math.inf
    assert math.isnan(read["c"])
    assert read["e"] == 1


def test_half_a_character_that_only_json_can_say_is_read():
    assert parse_json('"\\ud83d"') == "\ud83d"


@pytest.mark.parametrize("text", ["", "{", "nothing", "[1,]", '{"a" 1}', b"\xff", "9" * 5_000])
def test_what_is_no_json_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"\S"):
        parse_json(text)
    assert parse_json_or_none(text) is None


def test_a_request_is_written_alike_each_time():
    payload = {"b": "zwölf", "a": [1, {"half": "\ud83d"}]}
    assert (
        encode_json(payload)
        == encode_json(dict(payload))
        == ('{"b":"zwölf","a":[1,{"half":"?"}]}'.encode())
    )


def test_a_request_is_json_whatever_it_is_made_from():
    assert encode_json({"a": math.inf, "b": [math.nan]}) == b'{"a":null,"b":[null]}'


class Name(str):
    __slots__ = ()


FINITE = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text() | st.text('\n\x00\x7f\u2028"\\/\xe9')
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | FINITE | TEXTS | TEXTS.map(Name),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(payload=st.dictionaries(TEXTS, VALUES, max_size=4))
def test_a_request_says_what_it_is_made_from(payload):
    def in_order(text):
        return repr(json.loads(text, object_pairs_hook=list))

    assert in_order(encode_json(payload)) == in_order(json.dumps(payload))
