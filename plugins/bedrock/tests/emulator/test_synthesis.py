"""Default answers to requests with tools and schemas, judged by a validator of its own."""

import json

import pytest

from modelwire_bedrock.emulator import Emulator
from modelwire_bedrock.emulator.synthesis import synthesize

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
HELLO = [{"role": "user", "content": [{"text": "Hello"}]}]

SCHEMAS = {
    "nothing": {"type": "object"},
    "required": {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    },
    "enum": {"type": "object", "properties": {"a": {"enum": [3, "x"]}}, "required": ["a"]},
    "const": {"type": "object", "properties": {"a": {"const": None}}, "required": ["a"]},
    "bounds": {
        "type": "object",
        "properties": {
            "a": {"type": "integer", "minimum": 5, "maximum": 7},
            "b": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.1},
            "c": {"type": "integer", "multipleOf": 7, "minimum": 8},
            "d": {"type": "integer", "maximum": -4},
            "e": {"type": "string", "minLength": 9, "maxLength": 9},
            "f": {"type": "string", "maxLength": 1},
        },
        "required": ["a", "b", "c", "d", "e", "f"],
    },
    "formats": {
        "type": "object",
        "properties": {f: {"type": "string", "format": f} for f in ("date", "email", "ipv4", "uuid")},
        "required": ["date", "email", "ipv4", "uuid"],
    },
    "nested": {
        "type": "object",
        "properties": {
            "a": {
                "type": "array",
                "minItems": 3,
                "uniqueItems": True,
                "items": {"type": "integer"},
            },
            "b": {"type": ["null", "boolean"]},
        },
        "required": ["a", "b"],
    },
    "references": {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/Leaf"}},
        "required": ["a"],
        "$defs": {"Leaf": {"type": "object", "properties": {"x": {"enum": ["y"]}}, "required": ["x"]}},
    },
    "a tree of itself": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#"}, "maxItems": 1},
        },
        "required": ["name"],
    },
    "unions": {
        "type": "object",
        "properties": {
            "a": {"anyOf": [{"type": "null"}, {"type": "integer"}]},
            "b": {"oneOf": [{"const": "x"}, {"const": "y"}]},
            "c": {
                "allOf": [
                    {"type": "object", "properties": {"p": {"type": "string"}}, "required": ["p"]},
                    {"properties": {"q": {"type": "integer"}}, "required": ["q"]},
                ]
            },
        },
        "required": ["a", "b", "c"],
    },
}  # fmt: skip


def validate(value, schema):
    """Hold a value against its schema, formats included."""
    import jsonschema  # it takes two seconds

    checker = jsonschema.FormatChecker()
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(value)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_value_fits_its_schema(name):
    schema = SCHEMAS[name]

    value = synthesize(schema)

    validate(value, schema)
    assert synthesize(schema) == value


@pytest.fixture(scope="module")
def caller():
    with Emulator(call_tools=True) as emulator:
        yield emulator


def tools(schema=None, choice=None):
    spec = {"inputSchema": {"json": schema or SCHEMAS["required"]}}
    named = [{"toolSpec": {"name": name, **spec}} for name in ("first", "second")]
    return {"toolConfig": {"tools": named, **({"toolChoice": choice} if choice else {})}}


def ask(client, messages=HELLO, **more):
    return client.converse(modelId=CLAUDE, messages=messages, **more)


@pytest.mark.parametrize("choice", [None, {"auto": {}}, {"any": {}}])
def test_a_request_with_tools_is_answered_with_a_call(caller, client_of, choice):
    answer = ask(client_of(caller), **tools(choice=choice))

    call = answer["output"]["message"]["content"][0]["toolUse"]
    assert answer["stopReason"] == "tool_use"
    assert call["name"] == "first"
    validate(call["input"], SCHEMAS["required"])


def test_a_forced_tool_is_called_by_any_emulator(emulator, runtime):
    answer = ask(runtime, **tools(choice={"tool": {"name": "second"}}))

    assert answer["output"]["message"]["content"][0]["toolUse"]["name"] == "second"


def test_offered_tools_are_not_called_unless_that_was_asked_for(runtime):
    assert ask(runtime, **tools())["stopReason"] == "end_turn"


def test_results_are_answered_in_words(caller, client_of):
    client = client_of(caller)
    said = ask(client, **tools())["output"]["message"]
    id_ = said["content"][0]["toolUse"]["toolUseId"]
    result = {"toolResult": {"toolUseId": id_, "content": [{"text": "sunny"}]}}

    answer = ask(client, [*HELLO, said, {"role": "user", "content": [result]}], **tools())

    assert answer["stopReason"] == "end_turn"
    assert answer["output"]["message"]["content"][0]["text"].endswith("You said: sunny")


@pytest.mark.parametrize(("header", "reason"), [("call", "tool_use"), ("words", "end_turn")])
def test_a_header_decides_for_one_request(emulator, caller, client_of, header, reason):
    for one in (emulator, caller):
        client = client_of(one)

        def add(request, **_):
            request.headers["x-bedrock-emulator-tools"] = header

        client.meta.events.register("before-send.bedrock-runtime.Converse", add)
        assert ask(client, **tools())["stopReason"] == reason


def test_an_answer_fits_the_schema_that_was_asked_for(runtime):
    schema = json.dumps(SCHEMAS["required"])
    form = {"type": "json_schema", "structure": {"jsonSchema": {"name": "a", "schema": schema}}}

    answer = ask(runtime, outputConfig={"textFormat": form})

    value = json.loads(answer["output"]["message"]["content"][0]["text"])
    validate(value, SCHEMAS["required"])
