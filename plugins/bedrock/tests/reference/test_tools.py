"""Tools of each family, from the call to the wire: ids of calls, schemas, strict tools."""

import json

import pytest

from modelwire.hookspecs import ToolChoice
from modelwire.messages import AssistantMessage, Tool, ToolCall, ToolResultMessage, UserMessage

CLAUDE = "us.anthropic.claude-sonnet-4-6"
CLAUDE_55 = "us.anthropic.claude-opus-5-5"
GLM_53 = "us.zai.glm-5.3"
READ = Tool("read", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}})


def specs(body):
    return [tool["toolSpec"] for tool in body["toolConfig"]["tools"] if "toolSpec" in tool]


def strict_tool(name, **properties):
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return Tool(name, "", schema, strict=True)


def paths(answer):
    return [item.get("path") for item in answer.diagnostics]


@pytest.mark.parametrize(
    ("model", "own", "sent_as"),
    [
        ("mistral.mistral-large-3-675b-instruct", "call_12345", "nine"),
        ("mistral.devstral-2-123b", "call-1|fc_2", "nine"),
        ("mistral.mistral-large-3-675b-instruct", "a1B2c3D4e", "the same"),
        ("us.mistral.pixtral-large-2502-v1:0", "call_12345", "the same"),
        (CLAUDE, "toolu_01A", "the same"),
        (CLAUDE, "call-1|fc_2", "usual"),
        ("us.openai.gpt-6-sol", "call-1|fc_2", "usual"),
    ],
)
async def test_the_id_of_a_call_has_the_shape_that_the_family_takes(ask, sent, model, own, sent_as):
    history = [
        UserMessage("Read x."),
        AssistantMessage([ToolCall(own, "read", {"path": "x"})], "openai", "gpt"),
        ToolResultMessage(own, "read", "contents"),
    ]
    await ask(model, history, tools=[READ])
    _, called, answered = sent()[0]["messages"]
    wire = called["content"][0]["toolUse"]["toolUseId"]
    assert answered["content"][0]["toolResult"]["toolUseId"] == wire
    assert wire.replace("_", "").replace("-", "").isalnum()
    assert (wire == own) is (sent_as == "the same")
    assert len(wire) == 9 if sent_as == "nine" else len(wire) <= 64


POINT = {"type": "object", "properties": {"x": {"type": "integer"}}}
DEFINED = {
    "type": "object",
    "properties": {"at": {"$ref": "#/$defs/Point"}},
    "$defs": {"Point": POINT},
}


@pytest.mark.parametrize(
    ("model", "inlined"),
    [
        ("openai.gpt-oss-120b-1:0", True),
        (GLM_53, True),
        (CLAUDE, False),
        ("us.openai.gpt-6-sol", False),
    ],
)
async def test_references_are_inlined_for_models_that_do_not_follow_them(ask, sent, model, inlined):
    answer = await ask(model, tools=[Tool("go", "", DEFINED)])
    [spec] = specs(sent()[0])
    at = spec["inputSchema"]["json"]["properties"]["at"]
    assert at == (POINT if inlined else {"$ref": "#/$defs/Point"})
    assert ("tools[0].parameters" in paths(answer)) is inlined


TEXT = {"type": "string"}
REFUSED = [
    {"type": "integer", "minimum": 1},
    {"type": "integer", "maximum": 9},
    {"type": "integer", "exclusiveMinimum": 0},
    {"type": "integer", "exclusiveMaximum": 10},
    {"type": "integer", "multipleOf": 2},
    {"type": "array", "items": TEXT, "maxItems": 3},
    {"type": "array", "items": TEXT, "minItems": 2},
    {"type": "array", "items": TEXT, "contains": {"const": "x"}},
    {"type": "string", "pattern": "(?=a)b"},
    {"type": "string", "pattern": r"(a)\1"},
]
TAKEN = [
    {"type": "string", "minLength": 1},
    {"type": "string", "maxLength": 9},
    {"type": "array", "items": TEXT, "minItems": 1},
    {"type": "string", "pattern": "^a+$"},
]


@pytest.mark.parametrize("schema", [*REFUSED, *TAKEN], ids=lambda schema: list(schema)[-1])
async def test_a_strict_tool_has_no_keyword_that_strict_schemas_do_not_have(ask, sent, schema):
    keyword = list(schema)[-1]
    answer = await ask(CLAUDE, tools=[strict_tool("go", n=schema)])
    [spec] = specs(sent()[0])
    assert spec["strict"] is True
    assert spec["inputSchema"]["json"]["additionalProperties"] is False
    written = spec["inputSchema"]["json"]["properties"]["n"]
    assert (keyword in written) is (schema in TAKEN)
    assert (f"tools[0].parameters.properties.n.{keyword}" in paths(answer)) is (schema in REFUSED)
    if schema in REFUSED:
        assert f"{keyword}=" in written["description"]


async def test_a_model_without_strict_tools_gets_the_tool_as_any_other(ask, sent):
    answer = await ask(CLAUDE_55, tools=[strict_tool("go", n={"type": "integer", "minimum": 1})])
    [spec] = specs(sent()[0])
    assert "strict" not in spec
    assert spec["inputSchema"]["json"]["properties"]["n"]["minimum"] == 1
    assert "tools[0].strict" in paths(answer)


async def test_the_first_twenty_tools_are_strict(ask, sent):
    answer = await ask(CLAUDE, tools=[strict_tool(f"t{n:02}", a=TEXT) for n in range(21)])
    strict = [spec["name"] for spec in specs(sent()[0]) if "strict" in spec]
    assert strict == [f"t{n:02}" for n in range(20)]
    assert [path for path in paths(answer) if path and path.endswith(".strict")] == [
        "tools[20].strict"
    ]


async def test_a_schema_that_refers_to_itself_is_not_strict(ask, sent):
    tree = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": []}
    answer = await ask(CLAUDE, tools=[Tool("walk", "", tree, strict=True)])
    assert "strict" not in specs(sent()[0])[0]
    assert "tools[0].strict" in paths(answer)


UNION = {"type": ["string", "null"]}
LIMITS = [  # a parameter, whether it is optional, and how many of such a request may have
    (TEXT, True, 24),
    (UNION, False, 16),
    ({"anyOf": [TEXT, {"type": "integer"}]}, False, 16),
]


def tool_of(name, parameter, count, *, optional):
    properties = {f"p{n}": parameter for n in range(count)}
    required = [] if optional else list(properties)
    schema = {"type": "object", "properties": properties, "required": required}
    return Tool(name, "", schema, strict=True)


@pytest.mark.parametrize(("parameter", "optional", "most"), LIMITS)
async def test_strict_schemas_of_claude_keep_to_its_limits_together(
    ask, sent, parameter, optional, most
):
    tools = [
        tool_of("a", parameter, most - 1, optional=optional),
        tool_of("b", parameter, 2, optional=optional),
        tool_of("c", parameter, 1, optional=optional),
    ]
    answer = await ask(CLAUDE, tools=tools)
    assert [spec["name"] for spec in specs(sent()[0]) if "strict" in spec] == ["a", "c"]
    assert "tools[1].strict" in paths(answer)
    assert "tools[0].strict" not in paths(answer)
    assert "tools[2].strict" not in paths(answer)


@pytest.mark.parametrize(("parameter", "optional", "most"), LIMITS)
async def test_the_schema_of_the_answer_counts_among_them(ask, sent, parameter, optional, most):
    schema = tool_of("", parameter, most, optional=optional).parameters
    tool = tool_of("a", parameter, 1, optional=optional)
    answer = await ask(CLAUDE, tools=[tool], response_schema=schema)
    assert "outputConfig" in sent()[0]
    assert "strict" not in specs(sent()[0])[0]
    assert "tools[0].strict" in paths(answer)
    schema = tool_of("", parameter, most + 1, optional=optional).parameters
    answer = await ask(CLAUDE, tools=[tool], response_schema=schema)
    assert "outputConfig" not in sent()[1]
    assert '"p0"' in sent()[1]["system"][-1]["text"]
    assert "strict" in specs(sent()[1])[0]
    assert "options.response_schema" in paths(answer)


async def test_limits_of_claude_do_not_hold_for_others(ask, sent):
    await ask("zai.glm-5", tools=[tool_of("a", UNION, 30, optional=True)])
    assert specs(sent()[0])[0]["strict"] is True


HISTORY = [
    UserMessage("Read x."),
    AssistantMessage([ToolCall("c1", "read", {"path": "x"})], "amazon-bedrock", CLAUDE),
    ToolResultMessage("c1", "read", "contents"),
]


@pytest.mark.parametrize("history", ["Hello", HISTORY], ids=["first", "after a call"])
@pytest.mark.parametrize("model", [CLAUDE, CLAUDE_55])
async def test_claude_keeps_its_tools_where_calls_are_forbidden(ask, sent, model, history):
    await ask(model, history, tools=[READ], tool_choice=ToolChoice("none"))
    await ask(model, history, tools=[READ])
    forbidden, free = sent()
    fields = forbidden["additionalModelRequestFields"]
    assert fields.pop("tool_choice") == {"type": "none"}
    assert forbidden["toolConfig"] == free["toolConfig"]
    assert forbidden["messages"] == free["messages"]
    assert "toolChoice" not in forbidden["toolConfig"]


async def test_nothing_is_forbidden_where_nothing_is_offered(ask, sent):
    await ask(CLAUDE, tool_choice=ToolChoice("none"))
    assert "additionalModelRequestFields" not in sent()[0]


@pytest.mark.parametrize(
    "model", ["us.amazon.nova-pro-v1:0", "us.openai.gpt-6-sol", "moonshotai.kimi-k2.5"]
)
async def test_a_choice_of_none_offers_no_tools(ask, sent, model):
    """Converse has no such choice, and a model can only call what it is offered."""
    answer = await ask(model, tools=[READ], tool_choice=ToolChoice("none"))
    assert "toolConfig" not in sent()[0]
    assert "read" not in json.dumps(sent()[0])
    assert "tools" in paths(answer)
