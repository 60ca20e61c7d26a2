"""Types of other libraries, as parameters of tools and as the form of answers."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypedDict

import attrs
import pydantic
import pytest

from modelwire import CompletionOptions, ToolCall, tool_from
from modelwire.errors import InvalidRequest
from modelwire.tools import describe_type, run_call
from modelwire.tools.schemas import describe_answer, read_value


class Place(pydantic.BaseModel):
    """A place on a map."""

    city: str = pydantic.Field(description="The city's name.")
    latitude: float = pydantic.Field(default=0.0, ge=-90, le=90)


class Trip(pydantic.BaseModel):
    stops: list[Place]
    by: Place | None = None


class Part(pydantic.BaseModel):
    name: str
    parts: list["Part"] = []


PLACE = {
    "type": "object",
    "description": "A place on a map.",
    "properties": {
        "city": {"type": "string", "description": "The city's name."},
        "latitude": {"type": "number", "default": 0.0, "minimum": -90, "maximum": 90},
    },
    "required": ["city"],
}


def travel(trip: Trip, note: str = "") -> str:
    """Book a trip."""
    return f"{type(trip).__name__} over {trip.stops[0].city}{note}"


def test_a_pydantic_model_is_described_in_place():
    schema = tool_from(travel).tool.parameters
    stops = schema["properties"]["trip"]["properties"]["stops"]
    assert stops == {"type": "array", "items": PLACE}
    assert "$defs" not in schema
    assert "title" not in str(schema)


async def test_a_pydantic_model_arrives_as_one():
    call = ToolCall("1", "travel", {"trip": {"stops": [{"city": "Bern"}]}})
    result = await run_call([tool_from(travel)], call)
    assert result.content[0].text == "Trip over Bern"


async def test_what_a_pydantic_model_refuses_is_named_by_its_place():
    call = ToolCall("1", "travel", {"trip": {"stops": [{"city": "Bern", "latitude": 200}]}})
    result = await run_call([tool_from(travel)], call)
    assert result.is_error
    assert "stops.0.latitude: Input should be less than or equal to 90" in result.content[0].text
    assert "http" not in result.content[0].text


def test_a_pydantic_model_that_holds_itself_keeps_one_definition():
    def build(part: Part, spare: list[Part]) -> None:
        """Build."""

    schema = tool_from(build).tool.parameters
    (name,) = schema["$defs"]
    again = {"$ref": f"#/$defs/{name}"}
    assert schema["$defs"][name]["properties"]["parts"]["items"] == again
    assert schema["properties"]["part"]["properties"]["parts"]["items"] == again
    assert schema["properties"]["spare"]["items"]["properties"]["parts"]["items"] == again


def test_models_of_one_name_are_kept_apart():
    first = Part
    second = pydantic.create_model("Part", label=(str, ...), inner=("list[Part]", []))

    def build(a, b) -> None:
        """Build."""

    build.__annotations__ |= {"a": first, "b": second}
    schema = tool_from(build).tool.parameters
    assert len(schema["$defs"]) == 2
    kept = {tuple(definition["properties"]) for definition in schema["$defs"].values()}
    assert kept == {("name", "parts"), ("label", "inner")}
    for argument, listed in (("a", "parts"), ("b", "inner")):
        described = schema["properties"][argument]["properties"]
        name = described[listed]["items"]["$ref"].removeprefix("#/$defs/")
        assert listed in schema["$defs"][name]["properties"]


@dataclass
class City:
    """A city.

    Attributes:
        name: Its name.
    """

    name: str
    people: int


@attrs.frozen
class AttrsCity:
    name: str
    people: int


class TypedCity(TypedDict):
    name: str
    people: int


class PydanticCity(pydantic.BaseModel):
    name: str
    people: int


TYPES = [City, AttrsCity, TypedCity, PydanticCity]


@pytest.mark.parametrize("kind", TYPES)
def test_a_type_of_any_library_has_the_schema_of_its_fields(kind):
    schema = describe_type(kind)
    assert (schema["type"], schema["required"]) == ("object", ["name", "people"])
    assert {name: item["type"] for name, item in schema["properties"].items()} == {
        "name": "string",
        "people": "integer",
    }


@pytest.mark.parametrize("kind", TYPES)
def test_data_is_read_as_the_type(kind):
    read = read_value(kind, {"name": "Bern", "people": 137000.0})
    assert read == kind(name="Bern", people=137000)
    with pytest.raises(ValueError, match="people"):
        read_value(kind, {"name": "Bern", "people": "many"})


@pytest.mark.parametrize("kind", TYPES)
def test_a_type_is_a_response_schema(kind):
    assert CompletionOptions(response_schema=kind).response_schema == describe_answer(kind)


def test_a_schema_stays_what_it_is():
    schema = {"type": "object", "title": "City"}
    assert CompletionOptions(response_schema=schema).response_schema is schema


@pytest.mark.parametrize("kind", [int, list[City], str | None, object(), "City"])
def test_what_is_no_object_is_refused_as_the_callers_mistake(kind):
    with pytest.raises(InvalidRequest, match=r"^response_schema ") as caught:
        CompletionOptions(response_schema=kind)
    assert (caught.value.provider, caught.value.retryable) == (None, False)
    assert "dataclass" in caught.value.hint


class Odd:
    def __init__(self, value):
        self.value = value


def test_a_class_that_cannot_be_described_is_refused():
    with pytest.raises(InvalidRequest, match=r"response_schema .*Odd"):
        CompletionOptions(response_schema=Odd)


class Cat(pydantic.BaseModel):
    kind: Literal["cat"]
    default: int = 3


class Dog(pydantic.BaseModel, extra="forbid"):
    kind: Literal["dog"]
    age: int | None = None


class Home(pydantic.BaseModel):
    pet: Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]
    rooms: dict[str, int] = {}
    parts: list[Part] = []


def test_an_answer_is_closed_and_has_every_field_so_that_services_can_hold_a_model_to_it():
    schema = describe_answer(Home)
    assert schema["required"] == ["pet", "rooms", "parts"]
    assert schema["additionalProperties"] is False
    cat, dog = schema["properties"]["pet"]["anyOf"]
    assert (cat["required"], dog["required"]) == (["kind", "default"], ["kind", "age"])
    assert cat["properties"]["default"] == {"type": "integer"}
    assert schema["properties"]["rooms"]["additionalProperties"] == {"type": "integer"}
    (part,) = schema["$defs"].values()
    assert (part["required"], part["additionalProperties"]) == (["name", "parts"], False)
    assert read_value(Home, {"pet": {"kind": "dog"}}) == Home(pet=Dog(kind="dog"))
