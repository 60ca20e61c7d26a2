"""Which schemas are refused, and what of the others the engine gets."""

import pytest

from modelwire.errors import InvalidRequest
from modelwire_local.json_schema.grammar import check_schema, grammar_schema


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"type": "nonsense"}, "schema.type"),
        ({"properties": {"a": {"type": 3}}}, "schema.properties.a.type"),
        ({"properties": []}, "schema.properties"),
        ({"anyOf": [{}, {"required": "a"}]}, r"schema.anyOf\[1\].required"),
        ({"anyOf": []}, "schema.anyOf"),
        ({"enum": []}, "schema.enum"),
        ({"multipleOf": 0}, "schema.multipleOf"),
        ({"minItems": -1}, "schema.minItems"),
        ({"pattern": "("}, "schema.pattern"),
        ({"pattern": r"\p{L}"}, "schema.pattern"),
        ({"patternProperties": {"(": {}}}, "schema.patternProperties"),
        ({"properties": {"a": False}}, "schema.properties.a"),
        ({"unevaluatedProperties": False}, "schema.unevaluatedProperties"),
        ({"items": {"$dynamicRef": "#a"}}, r"schema.items.\$dynamicRef"),
        ({"$ref": "https://example.com/a.json"}, r"schema.\$ref"),
        ({"$ref": "#/$defs/absent"}, r"schema.\$ref"),
        ({"properties": {"a": {"$ref": "#"}}}, r"schema.properties.a.\$ref"),
        ({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, r"schema.\$ref"),
    ],
)
def test_a_schema_that_cannot_be_followed_is_refused_with_the_place(schema, place):
    with pytest.raises(InvalidRequest, match=f"The schema at {place} "):
        check_schema(schema, "schema")


def test_words_that_restrict_nothing_are_no_obstacle():
    schema = {"title": "A", "examples": [1], "x-own": {"type": "nonsense"}, "format": "hostname"}
    check_schema(schema, "schema")
    assert grammar_schema(schema) == schema


@pytest.mark.parametrize(
    "pattern", ["^a$", "^[a-z]+$", r"^a\.b$", "^(a|b)$", "^(?:a|b){2,}$", "^é*$", "^[^x]$", "^.?$"]
)
def test_a_pattern_that_the_engine_knows_is_a_part_of_the_grammar(pattern):
    assert grammar_schema({"pattern": pattern}) == {"pattern": pattern}


@pytest.mark.parametrize(
    "pattern", ["a", "^a", "a$", r"^\d$", r"^[\d]$", "^a$|^b$", "^(?=a)a$", "^(?i:a)$", r"^a\b$"]
)
def test_a_pattern_that_the_engine_gives_up_is_left_to_the_check(pattern):
    check_schema({"pattern": pattern}, "schema")
    assert grammar_schema({"type": "string", "pattern": pattern}) == {"type": "string"}


def test_terms_that_the_engine_refuses_are_written_in_others():
    schema = {
        "properties": {
            "any": True,
            "one": {"allOf": [{"$ref": "#/$defs/one"}], "title": "One"},
            "pair": {"prefixItems": [{"type": "string"}, True], "items": False},
        },
        "additionalProperties": False,
    }
    assert grammar_schema(schema) == {
        "properties": {
            "any": {},
            "one": {"$ref": "#/$defs/one", "title": "One"},
            "pair": {"prefixItems": [{"type": "string"}, {}], "maxItems": 2},
        },
        "additionalProperties": False,
    }


def test_examples_and_values_are_no_schemas():
    schema = {"enum": [{"pattern": "a"}], "default": {"allOf": [1]}, "const": {"items": False}}
    assert grammar_schema(schema) == schema
