from __future__ import annotations

import json

import pytest

from modelwire.messages import Tool
from modelwire.repair import Changes
from modelwire_bedrock.converse.structured import strict_schema

SCHEMA = {
    "title": "City info",
    "description": "About a city.",
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "minimum": {"type": "integer", "minimum": 0, "maximum": 9, "description": "Least."},
        "tags": {"type": "array", "items": {"type": "object"}, "minItems": 2, "maxItems": 3},
    },
}


def definition(request):
    text_format = request.payload["outputConfig"]["textFormat"]
    assert text_format["type"] == "json_schema"
    return text_format["structure"]["jsonSchema"]


@pytest.mark.parametrize(
    "model",
    [
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "mistral.mistral-large-3-675b-instruct",
        "qwen.qwen3-32b-v1:0",
    ],
)
def test_a_schema_becomes_output_config(build, model):
    sent = definition(build(model=model, response_schema=SCHEMA))
    assert sent["name"].startswith("City_info")
    assert sent["description"] == "About a city."
    assert json.loads(sent["schema"])["properties"]["name"] == {"type": "string", "minLength": 1}


def test_what_the_service_refuses_moves_into_the_description():
    changes = Changes()
    strict = strict_schema(SCHEMA, "schema", changes)
    assert strict["properties"]["minimum"] == {
        "type": "integer",
        "description": "Least. (minimum=0, maximum=9)",
    }
    assert strict["properties"]["tags"] == {
        "type": "array",
        "items": {"type": "object", "additionalProperties": False},
        "description": "minItems=2, maxItems=3",
    }
    assert strict["additionalProperties"] is False
    assert "schema.properties.minimum.maximum" in [change.path for change in changes.noted]
    assert "additionalProperties" not in SCHEMA


def test_schemas_inside_schemas_are_closed_too():
    inner = {"type": "object", "properties": {}}
    schema = {"anyOf": [inner, {"$ref": "#/$defs/x"}], "$defs": {"x": inner}}
    strict = strict_schema(schema, "schema", Changes())
    assert strict["anyOf"][0]["additionalProperties"] is False
    assert strict["$defs"]["x"]["additionalProperties"] is False


def test_beside_tools_a_family_without_it_gets_the_schema_in_words(build):
    request = build(
        model="us.amazon.nova-pro-v1:0",
        system="Be brief.",
        tools=[Tool("look")],
        response_schema={"type": "object"},
        cache_retention="none",
    )
    assert "outputConfig" not in request.payload
    brief, told = request.payload["system"]
    assert brief == {"text": "Be brief."}
    assert told["text"].endswith('{"type":"object"}')
    assert [change.path for change in request.changes] == ["options.response_schema"]
