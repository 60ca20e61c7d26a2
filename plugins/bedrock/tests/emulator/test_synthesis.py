"""Default answers to requests with tools and schemas, judged by a validator of its own."""

import json

import pytest

from modelwire_bedrock.emulator import Emulator, EmulatorError
from modelwire_bedrock.emulator.calls import last_number, last_quoted
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
    "differing": {
        "type": "object",
        "properties": {
            "a": {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"enum": [1, 2, 3]}},
            "b": {
                "type": "array",
                "minItems": 3,
                "uniqueItems": True,
                "items": {"type": "integer", "minimum": 0, "maximum": 2},
            },
            "c": {"type": "array", "minItems": 2, "uniqueItems": True, "items": {"type": "string"}},
            "d": {"type": "array", "contains": {"const": 7}, "items": {"type": "integer"}},
            "e": {"type": "array", "prefixItems": [{"type": "null"}], "items": False},
        },
        "required": ["a", "b", "c", "d", "e"],
    },
    "a list without an end": {
        "$ref": "#/$defs/Node",
        "$defs": {
            "Node": {
                "type": "object",
                "properties": {"next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}},
                "required": ["next"],
            }
        },
    },
    "strictest of two": {
        "type": "object",
        "properties": {
            "a": {
                "allOf": [
                    {"type": "integer", "minimum": 3, "maximum": 50},
                    {"type": "number", "minimum": 7},
                    {"maximum": 9},
                ]
            },
            "b": {"allOf": [{"enum": ["x", "y"]}, {"enum": ["y", "z"]}]},
        },
        "required": ["a", "b"],
    },
    "members that others need": {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "integer"}},
        "required": ["a"],
        "dependentRequired": {"a": ["b"]},
        "minProperties": 3,
        "additionalProperties": {"type": "boolean"},
    },
    "a default that does not fit": {
        "type": "object",
        "properties": {"a": {"type": "string", "default": None}, "b": {"type": "integer", "default": 4}},
        "required": ["a", "b"],
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


@pytest.mark.parametrize("text", [None, "a b"])
@pytest.mark.parametrize("name", SCHEMAS)
def test_a_value_fits_its_schema(name, text):
    schema = SCHEMAS[name]

    value = synthesize(schema, text)

    validate(value, schema)
    assert synthesize(schema, text) == value


def test_a_text_is_in_every_place_that_takes_any():
    schema = {
        "type": "object",
        "properties": {
            "free": {"type": "string", "default": "x"},
            "short": {"type": "string", "maxLength": 2},
            "one": {"enum": ["y"]},
            "day": {"type": "string", "format": "date"},
        },
        "required": ["free", "short", "one", "day"],
    }

    assert synthesize(schema, "Oslo") == {
        "free": "Oslo",
        "short": "Os",
        "one": "y",
        "day": "2026-11-28",
    }


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("Say nothing.", None),
        ('Look for "the cat" and "the dog".', "the dog"),
        ("Call it with 'Oslo'.", "Oslo"),
        ("It's what Anna's friend said.", None),
        ("Take \u201cone\u201d, then \u2018two\u2019.", "two"),
        ("Run `ls -l` now", "ls -l"),
        ('An "open', None),
    ],
)
def test_the_last_quoted_words_of_a_prompt_are_found(prompt, words):
    assert last_quoted(prompt) == words


def test_a_number_is_where_it_is_allowed():
    schema = {
        "type": "object",
        "properties": {
            "free": {"type": "integer"},
            "real": {"type": "number", "maximum": 30},
            "small": {"type": "integer", "maximum": 20},
            "even": {"type": "integer", "multipleOf": 2},
        },
        "required": ["free", "real", "small", "even"],
    }

    assert synthesize(schema, number=21) == {"free": 21, "real": 21, "small": 1, "even": 2}


@pytest.mark.parametrize(
    ("prompt", "number"),
    [
        ("What is magic_function(3)?", 3),
        ("It is -4.5 degrees.", -4.5),
        ("Wait 10, then 20.", 20),
        ("utf8, v1.2.3, 2026-11-28, a1", None),
        ("None.", None),
    ],
)
def test_the_last_number_of_a_prompt_is_found(prompt, number):
    assert last_number(prompt) == number


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "minItems": 10**9},
        {"type": "object", "minProperties": 10**9},
        {"type": "string", "minLength": 10**12},
        {"type": "array", "minItems": 9000, "items": {"type": "array", "minItems": 9000}},
    ],
)
def test_values_that_would_fill_the_memory_are_not_made(schema):
    with pytest.raises(ValueError, match="20,000"):
        synthesize(schema)


@pytest.fixture(scope="module")
def echo():
    with Emulator(model="echo") as emulator:
        yield emulator


def tools(schema=None, choice=None):
    spec = {"inputSchema": {"json": schema or SCHEMAS["required"]}}
    named = [{"toolSpec": {"name": name, **spec}} for name in ("first", "second")]
    return {"toolConfig": {"tools": named, **({"toolChoice": choice} if choice else {})}}


def ask(client, messages=HELLO, **more):
    return client.converse(modelId=CLAUDE, messages=messages, **more)


@pytest.mark.parametrize("choice", [None, {"auto": {}}, {"any": {}}])
def test_a_request_with_tools_is_answered_with_a_call(runtime, choice):
    answer = ask(runtime, **tools(choice=choice))

    call = answer["output"]["message"]["content"][0]["toolUse"]
    assert answer["stopReason"] == "tool_use"
    assert call["name"] == "first"
    validate(call["input"], SCHEMAS["required"])


def test_a_call_has_the_quoted_words_of_the_prompt(runtime):
    messages = [{"role": "user", "content": [{"text": 'Look up "Oslo" for me.'}]}]

    answer = ask(runtime, messages, **tools())

    call = answer["output"]["message"]["content"][0]["toolUse"]
    assert call["input"] == {"a": "Oslo", "b": 1}


@pytest.mark.parametrize("model", ["echo", "synth"])
def test_a_forced_tool_is_called_by_each_model(client_of, model):
    with Emulator(model=model) as emulator:
        answer = ask(client_of(emulator), **tools(choice={"tool": {"name": "second"}}))

    assert answer["output"]["message"]["content"][0]["toolUse"]["name"] == "second"


def test_echo_does_not_call_tools_that_are_only_offered(echo, client_of):
    assert ask(client_of(echo), **tools())["stopReason"] == "end_turn"


def test_a_request_can_say_that_no_tool_is_called(runtime):
    none = {"additionalModelRequestFields": {"tool_choice": {"type": "none"}}}

    assert ask(runtime, **tools(), **none)["stopReason"] == "end_turn"


def test_results_are_answered_in_words(runtime):
    said = ask(runtime, **tools())["output"]["message"]
    id_ = said["content"][0]["toolUse"]["toolUseId"]
    result = {"toolResult": {"toolUseId": id_, "content": [{"text": "sunny"}]}}

    answer = ask(runtime, [*HELLO, said, {"role": "user", "content": [result]}], **tools())

    assert answer["stopReason"] == "end_turn"
    assert answer["output"]["message"]["content"][0]["text"].endswith("You said: sunny")


@pytest.mark.parametrize(("header", "reason"), [("synth", "tool_use"), ("echo", "end_turn")])
def test_a_header_names_the_model_for_one_request(emulator, echo, client_of, header, reason):
    for one in (emulator, echo):
        client = client_of(one)
        client.meta.events.register("before-send.bedrock-runtime.Converse", naming(header))
        assert ask(client, **tools())["stopReason"] == reason


def test_a_header_that_names_no_model_is_refused(runtime):
    runtime.meta.events.register("before-send.bedrock-runtime.Converse", naming("other"))

    with pytest.raises(runtime.exceptions.ValidationException, match="it is echo or synth"):
        ask(runtime)


def naming(model):
    def add(request, **_):
        request.headers["x-bedrock-emulator-model"] = model

    return add


def test_a_built_in_model_that_is_none_is_refused():
    with pytest.raises(EmulatorError, match="'parrot'"):
        Emulator(model="parrot")


def test_an_answer_fits_the_schema_that_was_asked_for(runtime):
    schema = json.dumps(SCHEMAS["required"])
    form = {"type": "json_schema", "structure": {"jsonSchema": {"name": "a", "schema": schema}}}

    answer = ask(runtime, outputConfig={"textFormat": form})

    value = json.loads(answer["output"]["message"]["content"][0]["text"])
    validate(value, SCHEMAS["required"])


def test_a_streamed_call_adds_up_to_arguments_that_fit(runtime):
    stream = runtime.converse_stream(modelId=CLAUDE, messages=HELLO, **tools())["stream"]
    events = list(stream)
    stream.close()

    deltas = [
        event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event
    ]
    arguments = "".join(delta["toolUse"]["input"] for delta in deltas)
    validate(json.loads(arguments), SCHEMAS["required"])
    assert next(e["messageStop"] for e in events if "messageStop" in e)["stopReason"] == "tool_use"


QUOTED = 'Look up "Oslo" for me.'
LOOK = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
BODIES = {
    "Anthropic": (
        CLAUDE,
        {
            "anthropic_version": "bedrock-2023-05-31",
            "max_tokens": 100,
            "messages": [{"role": "user", "content": QUOTED}],
            "tools": [{"name": "look", "input_schema": LOOK}],
        },
        {"tool_choice": {"type": "none"}},
        lambda body: [block["input"] for block in body["content"] if block["type"] == "tool_use"],
    ),
    "Nova": (
        "us.amazon.nova-lite-v1:0",
        {
            "messages": [{"role": "user", "content": [{"text": QUOTED}]}],
            "toolConfig": {
                "tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": LOOK}}}]
            },
        },
        None,
        lambda body: [
            block["toolUse"]["input"]
            for block in body["output"]["message"]["content"]
            if "toolUse" in block
        ],
    ),
    "gpt-oss": (
        "openai.gpt-oss-120b-1:0",
        {
            "messages": [{"role": "user", "content": QUOTED}],
            "tools": [{"type": "function", "function": {"name": "look", "parameters": LOOK}}],
        },
        {"tool_choice": "none"},
        lambda body: [
            json.loads(call["function"]["arguments"])
            for call in body["choices"][0]["message"].get("tool_calls", ())
        ],
    ),
}


@pytest.mark.parametrize("family", BODIES)
def test_tools_in_the_body_of_a_model_are_called(runtime, family):
    model, body, none, calls_of = BODIES[family]

    def invoke(**changes):
        sent = json.dumps({**body, **changes})
        return json.load(runtime.invoke_model(modelId=model, body=sent)["body"])

    assert calls_of(invoke()) == [{"city": "Oslo"}]
    if none is not None:
        assert calls_of(invoke(**none)) == []
