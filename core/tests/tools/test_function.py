"""What a function's hints and docstring become: the description that a model is given."""

import enum
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import attrs
import pytest

from modelwire.errors import InvalidMessage
from modelwire.tools import tool_from


def properties(function):
    return tool_from(function).tool.parameters["properties"]


def test_a_function_is_described_by_its_name_docstring_and_hints():
    def weather(city: str, days: int = 1, unit: Literal["C", "F"] = "C") -> str:
        """Forecast the weather.

        Forecasts reach a week ahead.

        Args:
            city: The city's name,
                in English.
            days (int): How many days.

        Returns:
            A line for each day.

        Raises:
            LookupError: There is no such city.
        """

    tool = tool_from(weather).tool
    assert tool.name == "weather"
    assert tool.description == (
        "Forecast the weather.\n\nForecasts reach a week ahead.\n\n"
        "Returns:\n    A line for each day."
    )
    assert tool.parameters == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "The city's name, in English."},
            "days": {"type": "integer", "description": "How many days.", "default": 1},
            "unit": {"enum": ["C", "F"], "default": "C"},
        },
        "required": ["city"],
    }


def test_fields_of_sphinx_docstrings_are_read():
    def add(a: int, b: int):
        """Add.

        :param a: the first
        :param int b: the second
            one
        :returns: the sum
        """

    assert tool_from(add).tool.description == "Add."
    assert properties(add)["a"]["description"] == "the first"
    assert properties(add)["b"]["description"] == "the second one"


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Point:
    """A point on the map.

    Attributes:
        x: Metres to the east.
    """

    x: float
    y: float = 0.0


@attrs.define
class Line:
    points: list[Point]
    colour: Colour = Colour.RED


class Options(TypedDict):
    title: str
    width: NotRequired[int]


@dataclass
class Folder:
    name: str
    folders: "list[Folder]" = field(default_factory=list)


POINT = {
    "type": "object",
    "description": "A point on the map.",
    "properties": {
        "x": {"type": "number", "description": "Metres to the east."},
        "y": {"type": "number", "default": 0.0},
    },
    "required": ["x"],
}


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (str, {"type": "string"}),
        (bool, {"type": "boolean"}),
        (float, {"type": "number"}),
        (Any, {}),
        (Path, {"type": "string"}),
        (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (dict[str, bool], {"type": "object", "additionalProperties": {"type": "boolean"}}),
        (
            tuple[int, int],
            {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "integer"}},
        ),
        (Colour, {"enum": ["blue", "red"]}),
        (Point, POINT),
        (list[Point], {"type": "array", "items": POINT}),
        (
            Line,
            {
                "type": "object",
                "properties": {
                    "points": {"type": "array", "items": POINT},
                    "colour": {"enum": ["blue", "red"], "default": "red"},
                },
                "required": ["points"],
            },
        ),
        (
            Options,
            {
                "type": "object",
                "properties": {"title": {"type": "string"}, "width": {"type": "integer"}},
                "required": ["title"],
            },
        ),
        (Annotated[str, "Who it is."], {"type": "string", "description": "Who it is."}),
    ],
)
def test_hints_become_plain_schema_without_references(hint, schema):
    def function(it: hint):
        pass

    assert properties(function)["it"] == schema


def test_a_type_that_holds_itself_keeps_its_reference_and_is_defined():
    def walk(folder: Folder):
        pass

    schema = tool_from(walk).tool.parameters
    inner = {"type": "array", "items": {"$ref": "#/$defs/Folder"}}
    # From 0.23 on msgspec says the default of a field that has a factory, too.
    for folder in schema["properties"]["folder"], schema["$defs"]["Folder"]:
        assert {**folder["properties"]["folders"], "default": []} == {**inner, "default": []}


def test_a_default_of_none_may_also_be_sent_as_null():
    def find(text: str, limit: int = None):  # noqa: RUF013 - people write this
        pass

    assert properties(find)["limit"]["anyOf"] == [{"type": "integer"}, {"type": "null"}]


def test_a_default_that_json_cannot_say_is_left_out():
    def find(text: str = "a", where: Any = object()):  # noqa: B008
        pass

    schema = tool_from(find).tool.parameters
    assert schema["required"] == []
    assert schema["properties"]["where"] == {}
    json.dumps(schema)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f(a): ...", r"f\.a: it has no type hint"),
        ("def f(*rest: int): ...", r"f\.rest: a tool names all its parameters"),
        ("def f(**rest: int): ...", r"f\.rest: a tool names all its parameters"),
        ("def f(a: int, /): ...", r"f\.a: it cannot be given by name"),
        ("def f(a: 'Nowhere'): ...", r"f\.a: its type hint cannot be read: .*Nowhere"),
        ("def f(a: complex): ...", r"f\.a: its type cannot be described: .*complex"),
        ("def f(a: object): ...", r"f\.a: its type cannot be described: .*object"),
        ("def f(): yield 1", r"f: it yields"),
    ],
)
def test_what_cannot_be_described_is_named(source, said):
    space = {}
    exec(source, space)
    with pytest.raises(InvalidMessage, match=said) as caught:
        tool_from(space["f"])
    assert caught.value.hint


def test_every_parameter_that_is_wrong_is_named_at_once():
    def f(a, b: int, *c: int):
        pass

    with pytest.raises(InvalidMessage) as caught:
        tool_from(f)
    assert [problem.path for problem in caught.value.problems] == ["f.a", "f.c"]


def test_a_method_of_an_object_is_a_tool_without_self():
    class Shop:
        def price(self, item: str) -> float:
            """Say a price."""

    assert tool_from(Shop().price).tool.parameters["required"] == ["item"]
