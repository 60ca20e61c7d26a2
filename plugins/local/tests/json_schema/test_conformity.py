"""The check of a finished value, held against a complete implementation of JSON Schema."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modelwire_local.json_schema.conformity import mismatch, text_mismatch
from modelwire_local.json_schema.grammar import check_schema, grammar_schema

NAMES = st.sampled_from(["a", "b", "ab"])
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.5, 1.0, 1.5]), NAMES
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=6,
)
COUNTS = st.integers(0, 2)
NUMBERS = st.sampled_from([-1, 0, 0.5, 1, 2])
TYPES = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])


def keywords(inner):
    """Schemas of up to four keywords."""
    schemas = st.lists(inner, min_size=1, max_size=2)
    maps = st.dictionaries(NAMES, inner, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
            "enum": st.lists(VALUES, min_size=1, max_size=3),
            "const": VALUES,
            "minimum": NUMBERS,
            "exclusiveMaximum": NUMBERS,
            "multipleOf": st.sampled_from([0.5, 1, 2]),
            "minLength": COUNTS,
            "maxLength": COUNTS,
            "pattern": st.sampled_from(["^a", "b$", "^ab$"]),
            "minItems": COUNTS,
            "maxItems": COUNTS,
            "uniqueItems": st.booleans(),
            "minProperties": COUNTS,
            "maxProperties": COUNTS,
            "required": st.lists(NAMES, unique=True),
            "dependentRequired": st.dictionaries(NAMES, st.lists(NAMES, unique=True), max_size=2),
            "properties": maps,
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b$"]), inner, max_size=2),
            "additionalProperties": inner,
            "propertyNames": inner,
            "dependentSchemas": maps,
            "items": inner,
            "prefixItems": schemas,
            "contains": inner,
            "minContains": COUNTS,
            "maxContains": COUNTS,
            "allOf": schemas,
            "anyOf": schemas,
            "oneOf": schemas,
            "not": inner,
            "if": inner,
            "then": inner,
            "else": inner,
        },
    ).map(lambda found: dict(list(found.items())[:4]))


SCHEMAS = st.recursive(st.booleans() | keywords(st.booleans()), keywords, max_leaves=4)


@settings(deadline=None, max_examples=100)
@given(SCHEMAS.filter(lambda schema: isinstance(schema, dict)), VALUES)
def test_a_value_fits_where_it_is_valid(schema, value):
    from jsonschema import Draft202012Validator  # it takes two seconds

    valid = Draft202012Validator(schema).is_valid(value)
    assert (mismatch(value, schema) is None) is valid, mismatch(value, schema)


@pytest.mark.extensive("it tries hundreds of generated schemas")
@settings(deadline=None, max_examples=100)
@given(SCHEMAS.filter(lambda schema: isinstance(schema, dict)), VALUES)
@example({"additionalProperties": {"allOf": [False]}}, None)
def test_what_the_engine_gets_allows_everything_that_the_schema_allows(schema, value):
    if mismatch(value, schema) is None:
        assert mismatch(value, grammar_schema(schema)) is None


@pytest.mark.parametrize(
    ("schema", "value", "reason"),
    [
        (
            {"properties": {"days": {"items": {"required": ["at"]}}}},
            {"days": [{"at": 1}, {}]},
            "days[1] lacks 'at'.",
        ),
        ({"uniqueItems": True}, [1, 1.0], "The value has an item twice."),
        ({"properties": {"n": {"multipleOf": 3}}}, {"n": 4}, "n is not a multiple of 3."),
        ({"type": ["string", "null"]}, 3, 'The value is not of the type ["string", "null"].'),
    ],
)
def test_the_first_mistake_is_named_with_its_place(schema, value, reason):
    assert mismatch(value, schema) == reason


TREE = {
    "$defs": {"tree": {"properties": {"left": {"$ref": "#/$defs/tree"}}, "required": ["n"]}},
    "$ref": "#/$defs/tree",
}


def test_references_are_followed():
    check_schema(TREE, "schema")
    assert mismatch({"n": 1, "left": {"n": 2}}, TREE) is None
    assert mismatch({"n": 1, "left": {}}, TREE) == "left lacks 'n'."


def test_a_reference_in_a_circle_is_no_endless_search():
    schema = {"$defs": {"a": {"$ref": "#/$defs/a", "title": "A"}}, "$ref": "#/$defs/a"}
    assert "without end" in mismatch(1, schema)


def test_text_that_is_no_json_is_left_to_others():
    assert text_mismatch("{", {"type": "object"}) is None
    assert text_mismatch("3", {"type": "object"}) is not None
