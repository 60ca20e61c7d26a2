"""Schemas of tools become what the service takes; one that cannot is left out alone."""

import json

import pytest

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import ToolChoice
from modelwire.messages import Tool

CLAUDE = "us.anthropic.claude-sonnet-4-6"
ONE = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
OTHER = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "boolean"}},
    "required": ["a", "b"],
}


def schema_of(request, name="t"):
    for tool in request.payload["toolConfig"]["tools"]:
        if tool.get("toolSpec", {}).get("name") == name:
            return tool["toolSpec"]["inputSchema"]["json"]
    return None


def spec_of(request, name="t"):
    return next(
        tool["toolSpec"]
        for tool in request.payload["toolConfig"]["tools"]
        if tool.get("toolSpec", {}).get("name") == name
    )


def changed(request):
    return [(c.kind, c.path) for c in request.changes if c.path.startswith("tools[")]


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
def test_alternatives_at_the_root_become_one_object_and_words(build, keyword):
    request = build(tools=[Tool("t", "Does.", {keyword: [ONE, OTHER]})], model=CLAUDE)
    assert schema_of(request) == {
        "type": "object",
        "properties": {
            "a": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "b": {"type": "boolean"},
        },
        "required": ["a"],
    }
    description = spec_of(request)["description"]
    assert description.startswith("Does.\n\nThe arguments take one of these forms: (1) a")
    assert "(required: a, b)" in description
    assert changed(request) == [("rewritten", "tools[0].parameters")]


def test_all_of_at_the_root_is_joined(build):
    closed = {**ONE, "additionalProperties": False}
    extra = {"properties": {"c": {"type": "null"}}, "required": ["c"]}
    request = build(tools=[Tool("t", "", {"allOf": [closed, extra]})], model=CLAUDE)
    assert schema_of(request) == {
        "type": "object",
        "properties": {"a": {"type": "string"}, "c": {"type": "null"}},
        "required": ["a", "c"],
    }


def test_properties_beside_alternatives_are_kept(build):
    given = {**ONE, "anyOf": [{"required": ["a"]}, {"properties": {"z": {}}, "required": ["z"]}]}
    sent = schema_of(build(tools=[Tool("t", "", given)], model=CLAUDE))
    assert set(sent["properties"]) == {"a", "z"}
    assert sent["required"] == ["a"]
    assert "anyOf" not in sent


@pytest.mark.parametrize(
    "given",
    [
        {**ONE, "type": ["object", "null"]},
        {"anyOf": [ONE, {"type": "null"}]},
        {"$ref": "#/$defs/One", "$defs": {"One": ONE}},
        {"oneOf": [{"$ref": "#/$defs/One"}, {"type": "string"}], "$defs": {"One": ONE}},
        {"allOf": [{"anyOf": [{"anyOf": [ONE]}]}]},
        ONE,
    ],
    ids=lambda given: json.dumps(given)[:40],
)
def test_a_root_that_can_be_an_object_is_one(build, given):
    sent = schema_of(build(tools=[Tool("t", "", given)], model=CLAUDE))
    assert sent["type"] == "object"
    assert sent["properties"] == ONE["properties"]
    assert sent["required"] == ["a"]
    assert not {"anyOf", "oneOf", "allOf", "$ref"} & set(sent)


@pytest.mark.parametrize(
    "given",
    [
        {"type": "array", "items": {}},
        {"type": "string"},
        {"type": ["string", "null"]},
        {"anyOf": [{"type": "string"}, {"type": "array"}]},
        {"$ref": "#/$defs/x", "$defs": {"x": {"type": "integer"}}},
        {"$ref": "#"},
        {
            "$ref": "#/$defs/d0",
            "$defs": {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(25)},
        },
        {"allOf": [ONE, {"type": "array"}]},
    ],
    ids=json.dumps,
)
def test_a_root_that_cannot_be_an_object_leaves_that_tool_out(build, given):
    request = build(tools=[Tool("bad", "", given), Tool("t", "", ONE)], model=CLAUDE)
    names = [
        t["toolSpec"]["name"] for t in request.payload["toolConfig"]["tools"] if "toolSpec" in t
    ]
    assert names == ["t"]
    [change] = [c for c in request.changes if c.path == "tools[0]"]
    assert change.kind == "dropped"
    assert "'bad'" in change.reason


def test_a_request_whose_only_tool_is_left_out_has_no_tools(build):
    request = build(tools=[Tool("bad", "", {"type": "array"})], model=CLAUDE)
    assert "toolConfig" not in request.payload


def test_a_tool_that_is_left_out_cannot_be_demanded(build):
    tools = [Tool("bad", "", {"type": "array"}), Tool("t", "", ONE)]
    with pytest.raises(InvalidRequest, match="'bad'"):
        build(tools=tools, model=CLAUDE, tool_choice=ToolChoice("tool", "bad"))


TREE = {
    "type": "object",
    "properties": {
        "root": {"$ref": "#/$defs/Node", "description": "Where to begin."},
        "lost": {"$ref": "#/$defs/Nowhere"},
    },
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {
                "value": {"$ref": "#/$defs/Value"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
            },
        },
        "Value": {"type": "integer"},
    },
}


@pytest.mark.parametrize("model", ["openai.gpt-oss-120b-1:0", "us.zai.glm-5.3"])
def test_references_are_inlined_where_the_family_does_not_follow_them(build, model):
    request = build(tools=[Tool("t", "", TREE)], model=model)
    sent = schema_of(request)
    assert "$ref" not in json.dumps(sent)
    assert "$defs" not in sent
    node = sent["properties"]["root"]
    assert node["description"] == "Where to begin."
    assert node["properties"]["value"] == {"type": "integer"}
    assert node["properties"]["children"]["items"]["type"] == "object"
    assert ("rewritten", "tools[0].parameters") in changed(request)


def test_elsewhere_references_stay(build):
    assert schema_of(build(tools=[Tool("t", "", TREE)], model=CLAUDE)) == TREE


def test_references_that_would_grow_without_measure_stay(build):
    definitions = {
        f"d{n}": {"type": "object", "properties": {k: {"$ref": f"#/$defs/d{n + 1}"} for k in "abc"}}
        for n in range(20)
    }
    definitions["d20"] = {"type": "string"}
    given = {"type": "object", "properties": {"x": {"$ref": "#/$defs/d0"}}, "$defs": definitions}
    assert schema_of(build(tools=[Tool("t", "", given)], model="openai.gpt-oss-120b-1:0")) == given


STRICT = {
    "type": "object",
    "properties": {
        "n": {"type": "integer", "minimum": 1, "description": "How many."},
        "p": {"type": "string", "pattern": "^(?=x)", "minLength": 2},
        "q": {"type": "string", "pattern": "^x+$"},
        "l": {"type": "array", "contains": {"type": "string"}, "minItems": 1},
    },
}


class TestStrict:
    def test_a_strict_tool_is_sent_as_one_without_what_strict_schemas_refuse(self, build):
        request = build(tools=[Tool("t", "", STRICT, strict=True)], model=CLAUDE)
        assert spec_of(request)["strict"] is True
        sent = schema_of(request)
        assert sent["additionalProperties"] is False
        assert sent["properties"]["n"] == {
            "type": "integer", "description": "How many. (minimum=1)",
        }  # fmt: skip
        assert "pattern" not in sent["properties"]["p"]
        assert sent["properties"]["p"]["minLength"] == 2
        assert sent["properties"]["q"] == {"type": "string", "pattern": "^x+$"}
        assert "contains" not in sent["properties"]["l"]
        assert sent["properties"]["l"]["minItems"] == 1

    @pytest.mark.parametrize("strict", [None, False])
    def test_another_tool_is_not(self, build, strict):
        request = build(tools=[Tool("t", "", STRICT, strict=strict)], model=CLAUDE)
        assert "strict" not in spec_of(request)
        assert schema_of(request) == STRICT

    def test_a_recursive_schema_is_not_strict(self, build):
        request = build(tools=[Tool("t", "", TREE, strict=True)], model=CLAUDE)
        assert "strict" not in spec_of(request)
        assert ("dropped", "tools[0].strict") in changed(request)

    def test_no_more_tools_are_strict_than_the_service_takes(self, build):
        tools = [Tool(f"t{n:02}", "", ONE, strict=True) for n in range(22)]
        request = build(tools=tools, model=CLAUDE)
        specs = [t["toolSpec"] for t in request.payload["toolConfig"]["tools"] if "toolSpec" in t]
        assert sum("strict" in spec for spec in specs) == 20
        assert len(specs) == 22
