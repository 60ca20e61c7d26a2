"""The output of an agent: types of all kinds, and answers that do not fit."""

import json
from dataclasses import dataclass
from typing import Literal, TypedDict

import attrs
import pydantic
import pytest

from modelwire.errors import InvalidRequest, OutputInvalid
from modelwire.messages import UserMessage
from modelwire.sessions import Session
from modelwire.tools.schemas import describe_answer

BERN = {"name": "Bern", "people": 137000}
GOOD = json.dumps(BERN)
BAD = json.dumps({"name": "Bern", "people": "many"})


@dataclass
class City:
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


@dataclass
class Even:
    number: int

    def __post_init__(self):
        if self.number % 2:
            raise ArithmeticError("the number is odd")


def script(*answers):
    return "\n---\n".join(answers)


@pytest.fixture
def seen(dictated):
    return dictated


@pytest.fixture
def make_agent(make_agent, dictated):
    return lambda model="dictated/m", **settings: make_agent(model, **settings)


@pytest.mark.parametrize("kind", [City, AttrsCity, TypedCity, PydanticCity])
async def test_the_output_is_of_the_type(make_agent, seen, kind):
    result = await make_agent(output=kind).run(script(GOOD))
    assert result.output == kind(**BERN)
    assert type(result.output) is (dict if kind is TypedCity else kind)
    assert result.text == GOOD
    assert seen[0][1].response_schema == describe_answer(kind)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, 5),
        (bool, True),
        (list[str], ["a", "b"]),
        (Literal["red", "blue"], "blue"),
        (City | None, None),
        (list[City], [City(**BERN)]),
    ],
    ids=str,
)
async def test_a_value_that_is_no_object_is_asked_for_in_one(make_agent, seen, kind, value):
    plain = [BERN] if kind == list[City] else value
    result = await make_agent(output=kind).run(script(json.dumps({"result": plain})))
    assert result.output == value
    schema = seen[0][1].response_schema
    assert (schema["type"], schema["required"]) == ("object", ["result"])


async def test_text_is_the_output_where_no_type_is_given(make_agent, seen):
    for kind in (None, str):
        assert (await make_agent(output=kind).run(script("Bern"))).output == "Bern"
    assert [options.response_schema for _, options in seen] == [None, None]


async def test_json_in_a_fence_is_read(make_agent):
    result = await make_agent(output=City).run(script(f"```json\n{GOOD}\n```\n"))
    assert result.output == City(**BERN)


@pytest.mark.parametrize(
    ("kind", "wrong", "why", "right"),
    [
        (City, BAD, "Expected `int`, got `str` - at `$.people`", GOOD),
        (City, "It is Bern.", "It is not JSON", GOOD),
        (City, "", "It is empty.", GOOD),
        (PydanticCity, BAD, "people: Input should be a valid integer", GOOD),
        (Even, '{"number": 3}', "the number is odd", '{"number": 4}'),
        (int, "5", "It is not an object with the key `result`.", '{"result": 5}'),
    ],
)
async def test_an_answer_that_does_not_fit_is_asked_for_again(
    make_agent, seen, kind, wrong, why, right
):
    result = await make_agent(output=kind).run(script(wrong, right))
    assert result.text == right
    assert isinstance(result.output, kind)
    _, answer, correction, last = result.messages
    assert (answer.text, last.text) == (wrong, right)
    assert why in correction.content[0].text
    assert [len(context.messages) for context, _ in seen] == [1, 3]


async def test_the_usage_and_the_cost_are_those_of_all_answers(make_agent):
    result = await make_agent(output=City).run(script(BAD, GOOD))
    assert (result.usage.input, result.usage.output) == (20, 4)
    assert result.cost.total == 1.5


async def test_a_call_is_not_demanded_again_with_a_correction(make_agent, seen):
    def look(place: str) -> str:
        """Look."""
        return place

    await make_agent(output=City, tools=[look], tool_choice="any").run(script(BAD, GOOD))
    assert [options.tool_choice is None for _, options in seen] == [False, True]


async def test_an_answer_that_was_cut_is_not_asked_for_again(make_agent, seen):
    with pytest.raises(OutputInvalid) as caught:
        await make_agent("dictated/short", output=City).run(script('{"name": "Be', GOOD))
    assert "max_tokens" in caught.value.hint
    assert len(seen) == 1


async def test_a_session_keeps_the_correction(make_agent, tmp_path):
    path = tmp_path / "talk.jsonl"
    await make_agent(output=City).run(script(BAD, GOOD), session=path)
    with Session.open(path) as session:
        kept = session.conversation().messages
    assert [isinstance(message, UserMessage) for message in kept] == [True, False, True, False]


@pytest.mark.parametrize("kind", [object(), "City", 5, lambda: None])
def test_what_is_no_type_is_refused(make_agent, kind):
    with pytest.raises(InvalidRequest, match=r"^output is ") as caught:
        make_agent(output=kind)
    assert caught.value.hint


async def test_an_answer_that_never_fits_is_an_error_with_what_came(make_agent, seen):
    with pytest.raises(OutputInvalid) as caught:
        await make_agent(output=City).run(script(BAD, BAD))
    error = caught.value
    assert (error.code, error.retryable) == ("output_invalid", True)
    assert error.partial.text == BAD
    assert str(error).startswith("The answer is no City.")
    assert "$.people" in str(error)
    assert error.hint
    assert len(seen) == 2


async def test_a_notebook_shows_the_text_or_the_output(make_agent):
    assert (await make_agent().run(script("**Bern**")))._repr_markdown_() == "**Bern**"
    shown = (await make_agent(output=City).run(script(GOOD)))._repr_markdown_()
    assert shown == "```python\nCity(name='Bern', people=137000)\n```"
