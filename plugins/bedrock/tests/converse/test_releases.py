"""Thinking, sampling and the choice of tools, for each release whose rules differ."""

from __future__ import annotations

import pytest

from modelwire.hookspecs import ToolChoice
from modelwire.messages import AssistantMessage, Tool, ToolCall, ToolResultMessage, UserMessage

DISABLED = {"thinking": {"type": "disabled"}}
ADAPTIVE = {"thinking": {"type": "adaptive", "display": "summarized"}}
LEAST = ADAPTIVE | {"output_config": {"effort": "low"}}


def effort(value):
    return ADAPTIVE | {"output_config": {"effort": value}}


def fields(request):
    return request.payload.get("additionalModelRequestFields", {})


def reasons(request, path):
    return [change.reason for change in request.changes if change.path == path]


CLAUDE = [
    ("opus-5", DISABLED, effort("high")),
    ("opus-5-5", LEAST, effort("medium")),
    ("sonnet-5", DISABLED, effort("high")),
    ("sonnet-5-5", {"thinking": {"type": "between_tools"}}, ADAPTIVE),
    ("haiku-5-5", DISABLED, ADAPTIVE),
    ("fable-5", LEAST, ADAPTIVE),
    ("fable-5-1", LEAST, ADAPTIVE),
    ("mythos-5", LEAST, ADAPTIVE),
    ("opus-9", LEAST, ADAPTIVE),
    ("opus-4-8", {}, {}),
    ("opus-4-7", {}, {}),
    ("sonnet-4-6", {}, {}),
    ("opus-4-5-20251101-v1:0", {}, {}),
]


@pytest.mark.parametrize(("model", "off", "unset"), CLAUDE)
def test_off_keeps_claude_from_thinking_and_unset_asks_for_no_more_than_aws_does(
    build, model, off, unset
):
    model = f"us.anthropic.claude-{model}"
    kept = build(model=model, reasoning="off")
    assert fields(kept) == off
    assert fields(build(model=model)) == unset
    if off not in ({}, DISABLED):
        assert len(reasons(kept, "options.reasoning")) == 1


@pytest.mark.parametrize(
    ("model", "level", "sent"),
    [
        ("us.openai.gpt-6-sol", "high", {"reasoning": {"effort": "high"}}),
        ("us.openai.gpt-6-sol", "off", {"reasoning": {"effort": "none"}}),
        ("openai.gpt-5.6-luna", "max", {"reasoning": {"effort": "max"}}),
        ("openai.gpt-5.6-luna", None, {}),
        ("us.openai.gpt-6-astra", "off", {"reasoning": {"effort": "low"}}),
        ("us.openai.gpt-6.1-sol", "off", {"reasoning": {"effort": "low"}}),
        ("us.xai.grok-4.6", "max", {"reasoning": {"effort": "xhigh"}}),
        ("us.xai.grok-4.7", "off", {"reasoning": {"effort": "low"}}),
        ("zai.glm-4.7", "low", {"reasoning_effort": "high"}),
        ("zai.glm-5", "off", {"reasoning_effort": "none"}),
        ("us.zai.glm-5.3", "off", {"reasoning_effort": "low"}),
        ("us.zai.glm-5.3", "max", {"reasoning_effort": "max"}),
        ("deepseek.v3.2", "high", {"reasoning_effort": "high"}),
        ("deepseek.v3.2", "off", {"reasoning_effort": "none"}),
        ("moonshotai.kimi-k2.5", "high", {"reasoning_effort": "high"}),
        ("moonshotai.kimi-k2.5", "off", {"reasoning_effort": "low"}),
        ("qwen.qwen3-32b-v1:0", "medium", {"reasoning_config": "high"}),
        ("qwen.qwen3-32b-v1:0", "off", {"reasoning_config": "none"}),
        ("us.amazon.nova-2-lite-v1:0", "off", {}),
        ("openai.gpt-oss-20b-1:0", "off", {"reasoning_effort": "low"}),
    ],
)
def test_each_release_is_asked_in_its_own_words(build, model, level, sent):
    assert fields(build(model=model, reasoning=level)) == sent


@pytest.mark.parametrize(
    "model",
    [
        "minimax.minimax-m2.5",
        "us.deepseek.r1-v1:0",
        "mistral.magistral-small-2509",
        "acme.new-v1:0",
    ],
)
def test_a_control_that_is_not_known_is_not_said_to_be_missing(build, model):
    for level in ("off", "high"):
        (reason,) = reasons(build(model=model, reasoning=level), "options.reasoning")
        assert reason.startswith("How to control the thinking of ")


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        ("us.openai.gpt-6-sol", {}),
        ("openai.gpt-5.6-sol", {}),
        ("us.xai.grok-4.6", {}),
        ("us.anthropic.claude-haiku-5-5", {}),
        ("zai.glm-5", {"temperature": 0.2, "topP": 0.9}),
        ("moonshotai.kimi-k3", {"temperature": 0.2, "topP": 0.9}),
    ],
)
def test_sampling_settings_are_left_out_where_they_are_refused(build, model, sent):
    request = build(
        model=model, temperature=0.2, top_p=0.9, reasoning="high", params={"maxTokens": "auto"}
    )
    assert request.payload.get("inferenceConfig", {}) == sent
    refused = [reasons(request, f"options.{name}") for name in ("temperature", "top_p")]
    assert all(len(found) == (0 if sent else 1) for found in refused)


@pytest.mark.parametrize(
    ("model", "level", "choice", "sent"),
    [
        ("us.anthropic.claude-opus-5-5", "off", "any", {"auto": {}}),
        ("us.anthropic.claude-opus-5-5", "high", "read", {"auto": {}}),
        ("us.anthropic.claude-sonnet-5-5", "off", "read", {"auto": {}}),
        ("us.anthropic.claude-fable-5-1", None, "any", {"auto": {}}),
        ("us.anthropic.claude-fable-5", None, "any", {"any": {}}),
        ("us.anthropic.claude-opus-4-8", "high", "any", {"any": {}}),
        ("us.anthropic.claude-opus-4-7", "high", "any", {"auto": {}}),
        ("us.anthropic.claude-opus-4-7", "off", "read", {"tool": {"name": "read"}}),
        ("us.anthropic.claude-sonnet-5", "high", "read", {"tool": {"name": "read"}}),
        ("us.anthropic.claude-opus-5", "high", "any", {"any": {}}),
        ("us.anthropic.claude-haiku-5-5", None, "any", {"any": {}}),
        ("deepseek.v3.2", "high", "any", {"auto": {}}),
        ("deepseek.v3.2", None, "any", {"any": {}}),
        ("us.xai.grok-4.6", "high", "read", {"tool": {"name": "read"}}),
        ("us.openai.gpt-6-sol", "high", "any", {"any": {}}),
        ("us.meta.llama3-3-70b-instruct-v1:0", None, "read", {"auto": {}}),
    ],
)
def test_a_call_is_demanded_where_the_release_takes_that(build, model, level, choice, sent):
    request = build(
        model=model,
        tools=(Tool("read"),),
        tool_choice=ToolChoice.parse(choice),
        reasoning=level,
    )
    assert request.payload["toolConfig"]["toolChoice"] == sent
    changed = 0 if choice in ("any", "read") and "auto" not in sent else 1
    assert len(reasons(request, "options.tool_choice")) == changed


def test_ids_of_calls_have_the_shape_that_the_family_takes(build):
    def calls(model):
        messages = [
            UserMessage("read"),
            AssistantMessage(
                [ToolCall("toolu_01ABC", "read"), ToolCall("getphoto1", "read")],
                "anthropic",
                "claude",
            ),
            ToolResultMessage("toolu_01ABC", "read", "a"),
            ToolResultMessage("getphoto1", "read", "b"),
        ]
        request = build(messages, model, tools=(Tool("read"),), cache_retention="none")
        _, assistant, user = request.payload["messages"]
        called = [block["toolUse"]["toolUseId"] for block in assistant["content"]]
        assert called == [block["toolResult"]["toolUseId"] for block in user["content"]]
        return called, request

    (first, second), request = calls("mistral.mistral-large-3-675b-instruct")
    assert first.isalnum()
    assert len(first) == 9
    assert second == "getphoto1"
    assert reasons(request, "messages[1].content[0].id")
    assert calls("mistral.mistral-large-3-675b-instruct")[0] == [first, second]
    assert calls("us.anthropic.claude-sonnet-4-6")[0] == ["toolu_01ABC", "getphoto1"]
