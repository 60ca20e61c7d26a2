"""Structured output that is not structured is reported, and nothing else is."""

import pytest

from modelwire.events import BlockEnd, Stop, TextDelta, ToolCallStart
from modelwire.events.assembler import Assembler
from modelwire.events.structured import schema_mistake
from modelwire.messages import StopReason

CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "size": {"type": "integer"}},
    "required": ["city"],
}
REFERS = {"$ref": "#/$defs/a~1b", "$defs": {"a/b": CITY}}


@pytest.mark.parametrize(
    ("text", "schema"),
    [
        ('{"city": "Oslo"}', CITY),
        (' \n{"city": "Oslo", "more": 1}\n', CITY),
        ('{"city": "Oslo"}', REFERS),
        ("[]", {"type": "array"}),
        ("1.0", {"type": "integer"}),
        ("null", {"type": ["object", "null"]}),
        ('"x"', {"anyOf": [{"type": "string"}]}),
        ("1", {}),
        ("1", {"type": "something new"}),
        ("1", {"$ref": "https://example.com/schema"}),
        ("1", {"$ref": "#/$defs/missing"}),
        ("1", {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}),
    ],
)
def test_json_of_the_shape_is_no_mistake(text, schema):
    assert schema_mistake(text, schema) is None


@pytest.mark.parametrize(
    ("text", "schema", "reason"),
    [
        ("The city is Oslo.", CITY, "The text is not JSON."),
        ("", CITY, "The text is not JSON."),
        ('```json\n{"city": "Oslo"}\n```', CITY, "The text is not JSON."),
        ('{"city": "Os', CITY, "The text is not JSON."),
        ("[" * 100_000, CITY, "The text is not JSON."),
        ('"Oslo"', CITY, "The JSON is not of the type object."),
        ("[]", REFERS, "The JSON is not of the type object."),
        ("true", {"type": ["integer", "null"]}, "The JSON is not of the type integer or null."),
        ('{"town": "Oslo"}', CITY, "The JSON object lacks 'city'."),
    ],
)
def test_another_text_is_a_mistake_that_is_named(text, schema, reason):
    assert schema_mistake(text, schema) == reason


def finished(*deltas, schema=CITY, reason=StopReason.STOP, **settings):
    assembler = Assembler("acme", "m", **settings)
    for delta in (*deltas, Stop(reason)):
        assembler.feed(delta)
    return assembler.finish(schema)[-1].message


def test_prose_in_place_of_structured_output_is_reported():
    message = finished(TextDelta(0, "It is "), TextDelta(0, "Oslo."))
    assert message.text == "It is Oslo."
    assert message.diagnostics == [
        {"type": "unstructured_output", "reason": "The text is not JSON."}
    ]


def test_an_answer_that_was_cut_is_reported_as_well():
    message = finished(TextDelta(0, '{"city": "Os'), reason=StopReason.LENGTH)
    assert [note["type"] for note in message.diagnostics] == ["unstructured_output"]


def test_structured_output_is_not_reported():
    assert not finished(TextDelta(0, '{"city": '), TextDelta(0, '"Oslo"}')).diagnostics


def test_without_a_schema_prose_is_prose():
    assert not finished(TextDelta(0, "Oslo."), schema=None).diagnostics


def test_a_tool_call_in_place_of_the_output_is_not_reported():
    call = [ToolCallStart(1, "c", "look"), BlockEnd(1)]
    message = finished(TextDelta(0, "I look."), *call, reason=StopReason.TOOL_USE)
    assert not message.diagnostics


def test_text_that_is_not_kept_is_not_judged():
    assert not finished(TextDelta(0, "Oslo."), keep_text=False).diagnostics
