"""Values of schemas that hypothesis makes up, judged by a validator and by Python's own patterns."""

import re

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire_bedrock.emulator.patterns import matching_text
from modelwire_bedrock.emulator.synthesis import synthesize

NAMES = st.sampled_from(["a", "b", "c", "d"])
ATOMS = st.sampled_from(
    ["a", "Z", "0", " ", r"\d", r"\w", r"\S", r"\W", ".", "[a-f]", "[^a-z]", r"[\w-]", r"\.", r"A"]
)
TIMES = st.sampled_from(["", "?", "*", "+", "{2}", "{1,3}", "{2,}", "+?"])


@st.composite
def numbers(draw):
    kind = draw(st.sampled_from(["integer", "number"]))
    schema = {"type": kind}
    low = draw(st.integers(-1000, 1000))
    if draw(st.booleans()):
        schema[draw(st.sampled_from(["minimum", "exclusiveMinimum"]))] = low
    if draw(st.booleans()):
        # Wide enough for a multiple between exclusive bounds.
        high = low + draw(st.integers(20, 60))
        schema[draw(st.sampled_from(["maximum", "exclusiveMaximum"]))] = high
    if draw(st.booleans()):
        schema["multipleOf"] = draw(st.integers(1, 9))
    return schema


@st.composite
def strings(draw):
    least = draw(st.integers(0, 40))
    schema = {"type": "string", "minLength": least}
    if draw(st.booleans()):
        schema["maxLength"] = least + draw(st.integers(0, 9))
    return schema


@st.composite
def objects(draw, inner):
    properties = draw(st.dictionaries(NAMES, inner, max_size=3))
    required = [name for name in properties if draw(st.booleans())]
    return {"type": "object", "properties": properties, "required": required}


@st.composite
def arrays(draw, inner):
    least = draw(st.integers(0, 3))
    return {"type": "array", "items": draw(inner), "minItems": least, "maxItems": least + 2}


LEAVES = st.one_of(
    numbers(),
    strings(),
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.lists(st.one_of(st.integers(), st.text()), min_size=1, max_size=3).map(
        lambda values: {"enum": values}
    ),
    st.one_of(st.none(), st.integers(), st.text()).map(lambda value: {"const": value}),
    st.sampled_from(["date", "date-time", "email", "ipv4", "uuid"]).map(
        lambda name: {"type": "string", "format": name}
    ),
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        objects(inner),
        arrays(inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda some: {"anyOf": some}),
    ),
    max_leaves=12,
)
PATTERNS = st.recursive(
    st.tuples(ATOMS, TIMES).map("".join),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(st.lists(inner, min_size=1, max_size=3).map("|".join), TIMES).map(
            lambda parts: f"({parts[0]}){parts[1]}"
        ),
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=300)
@given(
    SCHEMAS,
    st.one_of(st.none(), st.text(min_size=1, max_size=60)),
    st.one_of(st.none(), st.integers(-1100, 1100), st.sampled_from([0.5, -3.25, 2.0])),
)
def test_a_value_fits_any_schema(schema, text, number):
    value = synthesize(schema, text, number)

    checker = jsonschema.FormatChecker()
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(value)
    assert synthesize(schema, text, number) == value


@settings(deadline=None, max_examples=300)
@given(PATTERNS, st.integers(0, 20), st.integers(0, 3))
def test_a_text_matches_its_pattern(pattern, least, nth):
    text = matching_text(f"^{pattern}$", least, nth)

    assert text is not None
    assert re.fullmatch(pattern, text)


@settings(deadline=None, max_examples=300)
@given(st.text(st.characters(codec="ascii"), max_size=30))
def test_whatever_is_given_as_a_pattern_is_read_or_not_understood(pattern):
    assert isinstance(matching_text(pattern), str | None)


def test_what_is_not_understood_is_no_text():
    for pattern in [
        r"(?=a)b",
        r"(a)\1",
        r"\p{L}",
        "[",
        "(",
        "a{",
        "[b-a]",
        "a{1001}",
        "((a{900}){900}){900}",
    ]:
        assert matching_text(pattern) is None
