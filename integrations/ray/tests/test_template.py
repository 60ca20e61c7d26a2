"""Prompt templates take names of columns in braces, and nothing else."""

import pytest

from modelwire.errors import InvalidRequest
from modelwire_ray.template import Template


def test_the_values_of_a_row_are_filled_in():
    template = Template("{a} and {my column}, then {a}; {{braces}}")
    assert template.columns == ["a", "my column"]
    assert template({"a": 1, "my column": "two", "c": 3}) == "1 and two, then 1; {braces}"


def test_a_value_may_have_braces():
    assert Template("{a}")({"a": "{b} {{c}}"}) == "{b} {{c}}"


@pytest.mark.parametrize("text", ["{", "a } b", "{}", "{a!r}", "{a:>10}"])
def test_other_braces_are_refused(text):
    with pytest.raises(InvalidRequest) as raised:
        Template(text)
    assert repr(text) in str(raised.value)
    assert "{{" in raised.value.hint


@pytest.mark.parametrize("text", ["{a.b}", "{a[0]}"])
def test_a_name_is_a_name_and_reaches_into_nothing(text):
    assert Template(text)({text[1:-1]: "x"}) == "x"


def test_a_value_that_is_missing_is_an_error_of_the_row():
    with pytest.raises(InvalidRequest, match="'a'"):
        Template("{a}")({"a": None})
