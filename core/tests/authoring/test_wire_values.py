"""Values of wire events: taken where their type is right, else the service's fault."""

import pytest

from modelwire.authoring import (
    read_object,
    read_objects,
    read_text,
    require_index,
    require_text,
)
from modelwire.errors import MalformedResponse

VALUES = [5, 1.5, True, "text", ["text"], [{}, 5], [{}], {}, None]
TAKEN = {
    read_text: {"text": "text"},
    require_text: {"text": "text"},
    require_index: {"5": 5},
    read_object: {"{}": {}},
    read_objects: {"[{}]": [{}]},
}
LACKING = {read_text: None, read_object: None, read_objects: []}


@pytest.mark.parametrize("read", TAKEN, ids=lambda read: read.__name__)
@pytest.mark.parametrize("value", VALUES, ids=str)
def test_a_value_is_taken_where_it_has_the_right_type(read, value):
    taken = TAKEN[read]
    if str(value) in taken:
        assert read({"a": value}, "a") == taken[str(value)]
    elif value is None and read in LACKING:
        assert read({"a": None}, "a") == LACKING[read]
    else:
        with pytest.raises(MalformedResponse, match="does not follow the protocol") as caught:
            read({"a": value}, "a")
        assert caught.value.retryable


@pytest.mark.parametrize("read", LACKING, ids=lambda read: read.__name__)
def test_what_is_missing_is_nothing(read):
    assert read({}, "a") == LACKING[read]


@pytest.mark.parametrize("read", [require_text, require_index], ids=lambda read: read.__name__)
def test_what_is_required_must_be_there(read):
    with pytest.raises(MalformedResponse, match="found nothing"):
        read({}, "a")


@pytest.mark.parametrize(("value", "index"), [(0, 0), (-1, -1), (2.0, 2), (10**30, 10**30)])
def test_an_index_is_any_whole_number(value, index):
    found = require_index({"a": value}, "a")
    assert (found, type(found)) == (index, int)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), 0.5, "0", False])
def test_what_is_no_whole_number_is_no_index(value):
    with pytest.raises(MalformedResponse):
        require_index({"a": value}, "a")


def test_the_error_names_the_key_and_both_types_and_not_the_value():
    with pytest.raises(MalformedResponse) as caught:
        read_text({"content": ["sk-secret"]}, "content")
    assert str(caught.value) == (
        "An event does not follow the protocol: 'content' must be a text; found a list."
    )
    with pytest.raises(
        MalformedResponse, match="'calls' must be a list of objects; found a number"
    ):
        read_objects({"calls": [{}, 5]}, "calls")
