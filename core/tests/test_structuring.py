import json
from typing import Annotated, Any, Literal

import pytest
from attrs import Factory, field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.structuring import (
    ValueMistake,
    check_depth,
    cut_deep,
    describe,
    is_deep,
    is_shallow,
    make_converter,
    mistakes_in,
    problems_of,
    to_camel,
)


@frozen
class Wheel:
    size_in_mm: int
    spokes: int | None = None


@frozen
class Bike:
    name: str
    kind: Literal["road", "city"] = "city"
    weight_kg: float = 10.0
    wheels: tuple[Wheel, ...] = ()
    spare_parts: dict[str, Wheel] = Factory(dict)
    electric: bool = False
    sold_as: str | None = field(default=None, metadata={"key": "label"})
    serial: int = field(default=0, metadata={"read": False})
    extra: dict[str, Any] = field(factory=dict, metadata={"rest": True})


CONVERTER = make_converter()


def problems(data, root=()):
    with pytest.raises(Exception) as caught:  # noqa: PT011 - cattrs' groups have no public name
        CONVERTER.structure(data, Bike)
    return [str(problem) for problem in problems_of(caught.value, root)]


def test_keys_in_camel_case_fill_attributes_in_snake_case():
    data = {"name": "A", "weightKg": 9.5, "wheels": [{"sizeInMm": 622}], "label": "B"}
    assert CONVERTER.structure(data, Bike) == Bike(
        "A", weight_kg=9.5, wheels=(Wheel(622),), sold_as="B"
    )


def test_unknown_keys_are_collected_where_the_class_wants_them():
    data = {"name": "A", "color": "red", "extra": 1, "serial": 7}
    bike = CONVERTER.structure(data, Bike)
    assert bike.extra == {"color": "red", "extra": 1, "serial": 7}
    assert bike.serial == 0
    assert CONVERTER.structure({"sizeInMm": 1, "color": "red"}, Wheel) == Wheel(1)


def test_unstructuring_gives_the_same_keys_back_and_leaves_out_what_is_not_known():
    data = {"name": "A", "kind": "road", "weightKg": 8.0, "electric": True, "color": "red"}
    full = {**data, "wheels": [{"sizeInMm": 622}], "spareParts": {}}
    assert (
        CONVERTER.unstructure(CONVERTER.structure(data | {"wheels": [{"sizeInMm": 622}]}, Bike))
        == full
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"name": 5}, ["name: expected a string, found 5"]),
        ({"name": None}, ["name: expected a string, found null"]),
        ({"name": "A", "weightKg": "9"}, ['weightKg: expected a number, found "9"']),
        ({"name": "A", "weightKg": True}, ["weightKg: expected a number, found true"]),
        ({"name": "A", "electric": 1}, ["electric: expected true or false, found 1"]),
        ({"name": "A", "kind": "x"}, ['kind: expected one of "road", "city"; found "x"']),
        ({"name": "A", "wheels": "ab"}, ['wheels: expected a list, found "ab"']),
        ({"name": "A", "wheels": {"a": 1}}, ["wheels: expected a list, found an object"]),
        ({"name": "A", "wheels": [1]}, ["wheels[0]: expected an object, found 1"]),
        (
            {"name": "A", "wheels": [{"sizeInMm": 1}, {"sizeInMm": 1.5}]},
            ["wheels[1].sizeInMm: expected a whole number, found 1.5"],
        ),
        (
            {"name": "A", "spareParts": {"a b": {"sizeInMm": 1, "spokes": "x"}}},
            ['spareParts["a b"].spokes: expected a whole number, found "x"'],
        ),
        ({"name": "A", "spareParts": []}, ["spareParts: expected an object, found a list"]),
        ({}, ['name: missing the key "name"']),
        ([], ["expected an object, found a list"]),
    ],
)
def test_nothing_is_coerced_and_each_mistake_has_its_path(data, expected):
    assert problems(data) == expected


def test_all_mistakes_are_found_at_once_below_a_given_root():
    data = {"name": 1, "label": 2, "wheels": [{"sizeInMm": "x"}, {}]}
    assert problems(data, ("bikes", 3)) == [
        "bikes[3].name: expected a string, found 1",
        'bikes[3].wheels[0].sizeInMm: expected a whole number, found "x"',
        'bikes[3].wheels[1].sizeInMm: missing the key "sizeInMm"',
        "bikes[3].label: expected a string, found 2",
    ]


def test_a_whole_number_is_a_number():
    assert CONVERTER.structure({"name": "A", "weightKg": 9}, Bike).weight_kg == 9.0


def test_a_mistake_can_be_reported_without_its_value():
    with pytest.raises(Exception) as caught:  # noqa: PT011 - cattrs' groups have no public name
        CONVERTER.structure({"name": 12345}, Bike)
    [(path, mistake)] = mistakes_in(caught.value)
    assert path == ("name",)
    assert mistake.found == 12345
    assert mistake.tell(lambda _: "<hidden>") == "expected a string, found <hidden>"
    assert str(ValueMistake("the id is blank")) == "the id is blank"


def test_a_hook_for_an_annotated_type_is_used_inside_an_optional_one():
    def even(value, _):
        if value % 2:
            raise ValueMistake("expected an even number", value)
        return value

    @frozen
    class Pair:
        count: Annotated[int, "even"] | None = None

    converter = make_converter()
    converter.register_structure_hook_func(lambda t: "even" in getattr(t, "__metadata__", ()), even)
    assert converter.structure({"count": 2}, Pair).count == 2
    assert converter.structure({}, Pair).count is None


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("id", "id"),
        ("context_window", "contextWindow"),
        ("cache_write_1h", "cacheWrite1h"),
        ("in_", "in"),
    ],
)
def test_names_in_camel_case(name, key):
    assert to_camel(name) == key


def test_values_are_described_briefly_and_containers_by_their_kind():
    assert describe("x" * 100) == '"' + "x" * 56 + "..."
    assert describe({"apiKey": "secret"}) == "an object"
    assert describe(["secret"]) == "a list"
    assert describe(None) == "null"
    assert describe({1}) == "{1}"


def test_a_number_that_python_does_not_write_can_be_described():
    assert describe(10**5000) == "a number of hundreds of digits"
    assert describe(-(10**20)) == "-100000000000000000000"


@pytest.mark.parametrize(
    "wrap", [lambda data: {"a": data}, lambda data: [data], lambda data: (0, data)]
)
def test_levels_are_counted_whatever_they_are_made_of(wrap):
    data = {}
    for _ in range(127):
        data = wrap(data)
    assert not is_deep(data)
    assert is_deep(wrap(data))
    assert not is_deep(wrap(data), 129)


def test_data_that_is_held_in_many_places_is_looked_at_once():
    data = []
    for _ in range(100):
        data = [data, data]
    assert not is_deep(data)
    data.append(data)
    assert is_deep(data)


def test_what_is_nested_too_deep_is_cut_off():
    assert cut_deep({"a": [{"b": 1}], "c": 2}, 2) == {"a": [None], "c": 2}
    assert cut_deep({"a": [{"b": 1}], "c": 2}, 3) == {"a": [{"b": 1}], "c": 2}


@settings(deadline=None)
@given(st.integers(1, 200), st.booleans(), st.text('[]{}"\\a', max_size=400))
def test_a_text_that_looks_shallow_is_shallow(levels, lists, inside):
    data = inside
    for _ in range(levels):
        data = [data] if lists else {inside: data}
    text = json.dumps(data)
    for form in (text, text.encode()):
        assert not (is_shallow(form) and is_deep(data))
        if is_deep(data):
            with pytest.raises(ValueError, match="nested deeper"):
                check_depth(form, data)
        else:
            check_depth(form, data)


def test_the_depth_of_a_text_is_checked_where_its_brackets_are_many():
    deep = "[" * 129 + "]" * 129
    with pytest.raises(ValueError, match="it is nested deeper than 128 levels"):
        check_depth(deep, json.loads(deep))
    wide = json.dumps([[]] * 1000)
    check_depth(wide, json.loads(wide))
