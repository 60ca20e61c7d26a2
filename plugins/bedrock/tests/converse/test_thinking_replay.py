"""Thinking goes back, to the byte, to the model that signed it, and to no other as thinking."""

from __future__ import annotations

import base64

import pytest

from modelwire.messages import (
    AssistantMessage,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResultMessage,
    UserMessage,
)

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
FABLE = "us.anthropic.claude-fable-5"
READ = Tool("read")


def replay(build, block, *, to=CLAUDE, by=None, provider="amazon-bedrock", api=None, **rest):
    """The blocks that an assistant message of one thinking block and a text becomes."""
    message = AssistantMessage([block, Text("So.")], provider, by or to, api=api)
    request = build([UserMessage("hi"), message, UserMessage("go on")], to, **rest)
    return request.payload["messages"][1]["content"], request


def test_signed_thinking_goes_back_unchanged(build):
    thought = Thinking("  a \ud83d torn thought\n", "c2lnbmVk ==")
    [block, _], _ = replay(build, thought)
    assert block["reasoningContent"]["reasoningText"] == {
        "text": "  a \ud83d torn thought\n",
        "signature": "c2lnbmVk ==",
    }


def test_a_signature_without_text_goes_back(build):
    [block, _], _ = replay(build, Thinking("", "c2lnbmVk"), to=FABLE)
    assert block["reasoningContent"]["reasoningText"] == {"text": "", "signature": "c2lnbmVk"}


def test_redacted_thinking_goes_back_as_the_same_bytes(build):
    data = bytes(range(256))
    [block, _], _ = replay(build, Thinking.from_redacted(data))
    assert block == {"reasoningContent": {"redactedContent": data}}


@pytest.mark.parametrize("damaged", [None, "", "not base64!"])
def test_damaged_redacted_thinking_is_dropped_and_said(build, damaged):
    blocks, request = replay(build, Thinking("", damaged, redacted=True))
    assert blocks == [{"text": "So."}]
    assert any(change.path == "messages[1].content[0]" for change in request.changes)


@pytest.mark.parametrize(
    "other",
    [
        {"by": "openai.gpt-oss-120b-1:0"},
        {"by": "gemini-3", "provider": "google"},
        {"provider": "openrouter", "api": "openai-completions", "by": "anthropic/claude-opus-4.8"},
        {"to": "us.deepseek.r1-v1:0"},
        {"to": "us.amazon.nova-2-lite-v1:0"},
        {"to": "us.deepseek.r1-v1:0", "by": "us.anthropic.claude-opus-4-8"},
        {"to": "qwen.qwen3-32b-v1:0", "by": "us.amazon.nova-2-lite-v1:0"},
        {"to": "us.openai.gpt-6-sol", "by": "us.anthropic.claude-opus-4-8"},
    ],
)
def test_another_model_gets_no_thinking_in_any_form(build, other):
    for thought in (
        Thinking("I \ud83dthought", "c2lnbmVk"),
        Thinking("I thought"),
        Thinking.from_redacted(b"opaque"),
        Thinking("", "c2lnbmVk"),
    ):
        blocks, request = replay(build, thought, **other)
        assert blocks == [{"text": "So."}]
        assert ("dropped", "messages[1].content[0]") in [(c.kind, c.path) for c in request.changes]


@pytest.mark.parametrize(
    "other",
    [
        {"by": "us.anthropic.claude-opus-4-8"},
        {"by": "claude-opus-4-8", "provider": "anthropic", "api": "anthropic-messages"},
        {"api": "anthropic-messages"},
    ],
)
def test_claude_gets_the_signed_thinking_of_another_claude(build, other):
    blocks, _ = replay(build, Thinking("I thought", "c2lnbmVk"), **other)
    assert blocks == [
        {"reasoningContent": {"reasoningText": {"text": "I thought", "signature": "c2lnbmVk"}}},
        {"text": "So."},
    ]
    for hidden in (Thinking.from_redacted(b"opaque"), Thinking("I thought")):
        assert replay(build, hidden, **other)[0] == [{"text": "So."}]


def test_what_nova_hides_is_never_said(build):
    nova = "us.amazon.nova-2-lite-v1:0"
    call = ToolCall("a", "read")
    history = [
        UserMessage("go"),
        AssistantMessage([Thinking("[REDACTED]"), call], "amazon-bedrock", nova),
        ToolResultMessage("a", "read", "42"),
    ]
    for model in (nova, CLAUDE, "us.amazon.nova-pro-v1:0"):
        request = build(history, model, tools=[READ])
        assert "REDACTED" not in str(request.payload)
        assert any(change.path == "messages[1].content[0]" for change in request.changes)


@pytest.mark.parametrize("provider", ["bedrock", "aws-bedrock", "Amazon-Bedrock"])
def test_other_names_of_the_provider_mean_the_same_model(build, provider):
    [block, _], _ = replay(build, Thinking("I thought", "c2lnbmVk"), provider=provider)
    assert "reasoningContent" in block


@pytest.mark.parametrize(
    "geography",
    ["anthropic.", "eu.anthropic.", "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic."],
)
def test_the_same_model_in_another_geography_signed_it_as_well(build, geography):
    by = f"{geography}claude-sonnet-4-5-20250929-v1:0"
    [block, _], _ = replay(build, Thinking("I thought", "c2lnbmVk"), by=by)
    assert "reasoningContent" in block


def test_a_placeholder_signature_is_dropped(build):
    blocks, _ = replay(build, Thinking("I thought", "reasoning_content"))
    assert blocks == [{"text": "So."}]


def test_unsigned_thinking_is_left_out(build):
    blocks, request = replay(build, Thinking("I thought"))
    assert blocks == [{"text": "So."}]
    assert [c.kind for c in request.changes if c.path == "messages[1].content[0]"] == ["dropped"]


def history_with_signed_calls():
    answer = AssistantMessage(
        [Thinking("I look.", "c2lnbmVk"), ToolCall("a", "read")], "amazon-bedrock", CLAUDE
    )
    return [UserMessage("go"), answer, ToolResultMessage("a", "read", "42")]


class TestWithoutReasoning:
    def test_the_thinking_in_the_history_is_left_out(self, build, validate):
        request = build(
            [
                UserMessage("hi"),
                AssistantMessage([Thinking("t", "c2ln")], "amazon-bedrock", CLAUDE),
                UserMessage("go on"),
            ],
            reasoning="low",
        )
        retried = request.without_reasoning()
        validate(retried.payload)
        assert "reasoningContent" in str(request.payload)
        assert "reasoningContent" not in str(retried.payload)
        assert retried.payload["messages"][1]["content"] == [{"text": "."}]
        assert "thinking" in retried.payload["additionalModelRequestFields"]
        assert len(retried.changes) == len(request.changes) + 1

    def test_calls_that_lost_their_thinking_are_continued_without(self, build, validate):
        request = build(history_with_signed_calls(), reasoning="low", tools=[READ])
        assert request.payload["additionalModelRequestFields"]["thinking"]["type"] == "enabled"
        retried = request.without_reasoning()
        validate(retried.payload)
        assert "thinking" not in retried.payload["additionalModelRequestFields"]

    def test_a_request_without_thinking_stays_as_it_is(self, build):
        request = build()
        assert request.without_reasoning() == request


def test_calls_of_another_model_are_continued_without_a_thinking_budget(build):
    history = history_with_signed_calls()
    history[1].model = "another"
    request = build(history, reasoning="low", tools=[READ], max_tokens=100, temperature=0.3)
    assert "additionalModelRequestFields" not in request.payload
    assert request.payload["inferenceConfig"] == {"maxTokens": 100, "temperature": 0.3}
    adaptive = build(history, "us.anthropic.claude-sonnet-4-6", reasoning="low", tools=[READ])
    assert "thinking" in adaptive.payload["additionalModelRequestFields"]


def test_redacted_bytes_survive_the_journey_through_json(build):
    from modelwire.messages.codec import message_from_json, message_to_json

    message = AssistantMessage([Thinking.from_redacted(b"\x00\xff")], "amazon-bedrock", CLAUDE)
    again = message_from_json(message_to_json(message))
    request = build([UserMessage("hi"), again, UserMessage("go on")])
    block = request.payload["messages"][1]["content"][0]
    assert block["reasoningContent"]["redactedContent"] == b"\x00\xff"
    assert base64.b64encode(b"\x00\xff").decode() in str(message_to_json(message))
