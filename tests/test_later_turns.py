"""Later turns of a conversation: what is kept from one request to the next changes none of them."""

import copy

import pytest

from modelwire.authoring import encode_json
from modelwire.hookspecs import CompletionOptions
from modelwire.messages import (
    AssistantMessage,
    Context,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire.models import Model
from modelwire_anthropic.messages.request import build_request as build_messages
from modelwire_bedrock.aws.request_template import compact_json
from modelwire_bedrock.converse.request import build_request as build_converse
from modelwire_openai.completions.request import build_request as build_chat
from modelwire_openai.responses.request import build_request as build_responses

NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
SCHEMAS = (
    {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]},
    {"properties": {"of": {"anyOf": [{"type": "string"}, {"type": "null"}]}}},
    {"$defs": {"node": NODE}, "$ref": "#/$defs/node"},
    {"type": "object", "properties": {"half": {"const": "\ud83d"}}},
    {"oneOf": [{"type": "object"}, {"type": "object", "properties": {"a": {"type": "array"}}}]},
    {},
)
WIRES = {
    "Converse": (
        build_converse,
        Model("amazon-bedrock", "us.anthropic.claude-opus-4-5-20251101-v1:0"),
        compact_json,
    ),
    "Converse, Nova": (
        build_converse,
        Model("amazon-bedrock", "amazon.nova-pro-v1:0"),
        compact_json,
    ),
    "Messages": (build_messages, Model("anthropic", "claude-opus-4-5"), encode_json),
    "Chat Completions": (build_chat, Model("openai", "gpt-5"), encode_json),
    "Responses": (build_responses, Model("openai", "gpt-5"), encode_json),
}


def conversation(model):
    """The messages of a tool loop, some of which have to be repaired."""
    messages = [UserMessage("Do it all.")]
    for turn in range(12):
        # Ids come again, and one call gets no result.
        call = ToolCall(f"call {turn % 5}", f"tool_{turn % 6}", {"n": turn, "deep": {"a": [turn]}})
        said = [Thinking("Hm.", "signed"), Text(f"{turn}"), call]
        messages.append(AssistantMessage(said, model.provider, model.id))
        if turn != 7:
            messages.append(ToolResultMessage(call.id, call.name, f"It is {turn}."))
    return messages


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("strict", [None, True])
@pytest.mark.parametrize("retention", ["none", "short", "long"])
def test_a_later_request_is_what_it_is_without_an_earlier_one(wire, strict, retention):
    build, model, encode = WIRES[wire]
    options = CompletionOptions(cache_retention=retention)
    schemas = copy.deepcopy(SCHEMAS)
    tools = [Tool(f"tool_{n}", "Does it.", schema, strict) for n, schema in enumerate(schemas)]
    messages = conversation(model)

    def written(context):
        request = build(model, context, options)
        return encode(request.payload), request.changes

    for end in range(1, len(messages) + 1):
        context = Context(messages[:end], "Be brief.", tools)
        assert written(context) == written(copy.deepcopy(context))
    tools[0].parameters["properties"]["n"]["minimum"] = True
    messages[2].content[0].text = "It is something else."
    context = Context(messages, "Be brief.", tools)
    assert written(context) == written(copy.deepcopy(context))
