"""Thoughts of earlier turns and what models leave in their answers, from the call to the wire."""

import json

import pytest

from modelwire.errors import ContentFiltered, MalformedToolCall
from modelwire.messages import (
    AssistantMessage,
    StopReason,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)
from modelwire_bedrock.emulator import Answer, Fault
from modelwire_bedrock.emulator import Text as Said
from modelwire_bedrock.emulator import Thinking as Thought

SONNET = "us.anthropic.claude-sonnet-4-6"
OPUS = "us.anthropic.claude-opus-5"
CONVERSE = "bedrock-converse-stream"
READ = Tool("read", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}})
DROPPED = "messages[1].content[0]"


def after(thought, provider, model, api):
    said = AssistantMessage([thought, Text("Yes.")], provider, model, api=api)
    return [UserMessage("Is it?"), said, UserMessage("Why?")]


def replayed(body):
    """The signatures of the thoughts that are sent, and whether any thought is sent as text."""
    blocks = [block for message in body["messages"] for block in message["content"]]
    thoughts = [block["reasoningContent"] for block in blocks if "reasoningContent" in block]
    spoken = any("a thought" in block.get("text", "") for block in blocks)
    return [thought["reasoningText"].get("signature") for thought in thoughts], spoken


@pytest.mark.parametrize(
    ("provider", "model", "api", "signature", "to", "kept"),
    [
        ("amazon-bedrock", SONNET, CONVERSE, "c2ln", SONNET, True),
        ("amazon-bedrock", OPUS, CONVERSE, "c2ln", SONNET, True),
        ("anthropic", "claude-opus-5", "anthropic-messages", "c2ln", SONNET, True),
        ("amazon-bedrock", SONNET, CONVERSE, None, SONNET, False),
        ("openai", "gpt-6-sol", "openai-responses", "c2ln", SONNET, False),
        ("amazon-bedrock", SONNET, CONVERSE, "c2ln", "us.amazon.nova-2-lite-v1:0", False),
        ("amazon-bedrock", SONNET, CONVERSE, "c2ln", "moonshotai.kimi-k2.5", False),
        ("amazon-bedrock", "zai.glm-5", CONVERSE, None, "zai.glm-5", False),
    ],
)
async def test_a_thought_goes_back_signed_from_claude_to_claude_and_never_as_text(
    ask, sent, provider, model, api, signature, to, kept
):
    thought = Thinking("a thought", signature)
    answer = await ask(to, after(thought, provider, model, api))
    assert replayed(sent()[0]) == ([signature] if kept else [], False)
    assert (DROPPED in [item.get("path") for item in answer.diagnostics]) is not kept


CHANGED = "messages.1.content.0: thinking blocks in this prefix cannot be modified"


async def test_thoughts_that_are_bound_to_another_prefix_are_left_out_once(emulator, ask, sent):
    """Newer releases refuse a thought after its prefix has changed, some for some accounts only."""
    emulator.answer(fault=Fault.error("ValidationException", CHANGED))
    history = after(Thinking("a thought", "c2ln"), "amazon-bedrock", OPUS, CONVERSE)
    answer = await ask("us.anthropic.claude-fable-5-1", history)
    first, second = sent()
    assert replayed(first) == (["c2ln"], False)
    assert replayed(second) == ([], False)
    assert answer.stop_reason is StopReason.STOP


async def test_the_prefix_of_a_thought_stays_the_same_in_the_next_turn(emulator, ask, sent):
    """The order in which tools are given, and what follows, change nothing before the thought."""
    other = Tool("a_search", "Search.", {"type": "object", "properties": {}})
    emulator.answer([Thought("a thought"), Said("Hm.")])
    context = [UserMessage("Go.")]
    model = "us.anthropic.claude-sonnet-5-5"
    answer = await ask(model, context, system="Be brief.", tools=[READ, other])
    more = [*context, answer, UserMessage("On.")]
    await ask(model, more, system="Be brief.", tools=[other, READ])
    first, second = (json.loads(json.dumps(body)) for body in sent())
    assert second["system"] == first["system"]
    assert second["toolConfig"] == first["toolConfig"]
    plain = [
        [block for block in body["messages"][0]["content"] if "cachePoint" not in block]
        for body in (first, second)
    ]
    assert plain[0] == plain[1]


DETAILS = {"stop_details": {"type": "refusal", "category": "cyber", "explanation": "No."}}


@pytest.mark.parametrize("fields", [DETAILS, {"delta": DETAILS}], ids=["top", "delta"])
@pytest.mark.parametrize("model", [OPUS, "us.anthropic.claude-opus-5-5"])
async def test_the_reason_of_a_refusal_is_asked_for_and_read_at_both_places(
    emulator, ask, sent, model, fields
):
    emulator.answer(Answer("", stop_reason="refusal", additional=fields))
    with pytest.raises(ContentFiltered, match="cyber"):
        await ask(model)
    asked = sent()[0]["additionalModelResponseFieldPaths"]
    assert {"/stop_details", "/delta/stop_details"} <= set(asked)


LEAKED = (
    '<minimax:tool_call>\n<invoke name="{}">\n<parameter name="path">x</parameter>\n'
    "</invoke>\n</minimax:tool_call>"
)


@pytest.mark.parametrize("block", [Said, Thought])
@pytest.mark.parametrize("name", ["read", "unknown"])
async def test_a_call_that_minimax_wrote_as_text_is_a_call_or_an_error(emulator, ask, block, name):
    emulator.answer(block(LEAKED.format(name)))
    if name == "unknown":
        with pytest.raises(MalformedToolCall) as raised:
            await ask("minimax.minimax-m2.5", tools=[READ])
        assert raised.value.retryable
        return
    answer = await ask("minimax.minimax-m2.5", tools=[READ])
    assert answer.stop_reason is StopReason.TOOL_USE
    assert [(call.name, call.arguments) for call in answer.tool_calls] == [("read", {"path": "x"})]


async def test_thinking_of_nova_is_in_no_turn_of_the_next_request(ask, sent):
    history = [
        UserMessage("Read x."),
        AssistantMessage(
            [Thinking("[REDACTED]", "c2ln"), ToolCall("c1", "read", {"path": "x"})],
            "amazon-bedrock",
            "us.amazon.nova-2-lite-v1:0",
        ),
        ToolResultMessage("c1", "read", "contents"),
        AssistantMessage([Thinking("[REDACTED]"), Text("Done.")], "amazon-bedrock", "nova"),
        UserMessage("Thanks."),
    ]
    await ask("us.amazon.nova-2-lite-v1:0", history, tools=[READ])
    assert "REDACTED" not in json.dumps(sent()[0])
    assert "reasoningContent" not in json.dumps(sent()[0])
