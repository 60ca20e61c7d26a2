"""The limit on the tokens of an answer: whose it is, and what is sent of it."""

from __future__ import annotations

import pytest

from modelwire.errors import InvalidRequest
from modelwire.hookspecs import ToolChoice
from modelwire.messages import Tool
from modelwire.models import Model

SONNET_4 = "us.anthropic.claude-sonnet-4-20250514-v1:0"
SONNET_45 = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
OPUS_46 = "us.anthropic.claude-opus-4-6-v1"
NOVA = "us.amazon.nova-pro-v1:0"
READ = {"tools": (Tool("read"),), "tool_choice": ToolChoice("auto")}


def limit(request):
    return request.payload.get("inferenceConfig", {}).get("maxTokens")


@pytest.mark.parametrize("model", [SONNET_45, OPUS_46, "us.anthropic.claude-sonnet-5", NOVA])
@pytest.mark.parametrize(
    "rest", [{}, READ, {"reasoning": "high"}], ids=["text", "tool", "thinking"]
)
def test_a_configured_limit_is_always_sent(build, model, rest):
    known = Model("amazon-bedrock", model, max_tokens=8192)
    assert limit(build(model=known, configured_limit=8192, **rest)) == 8192


def test_the_limit_of_a_call_counts_more_than_the_configured_one(build):
    assert limit(build(model=OPUS_46, max_tokens=100, configured_limit=8192)) == 100


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        (SONNET_4, 8_192),
        (SONNET_45, 32_000),
        (OPUS_46, 32_000),
        ("us.anthropic.claude-opus-9", 32_000),
        ("anthropic.claude-3-haiku-20240307-v1:0", 4_096),
        (NOVA, None),
        ("us.openai.gpt-6-sol", None),
    ],
)
def test_claude_gets_a_limit_where_none_was_chosen(build, model, sent):
    request = build(model=model)
    assert limit(request) == sent
    assert request.limit_note is not None


def test_a_thinking_budget_leaves_room_for_the_answer(build):
    params = {"thinkingBudgets": {"high": 50_000}}
    assert limit(build(model=SONNET_45, reasoning="high", params=params)) == 58_192


@pytest.mark.parametrize("configured", [None, 8192])
def test_auto_leaves_the_limit_to_the_service(build, configured):
    request = build(model=OPUS_46, params={"maxTokens": "auto"}, configured_limit=configured)
    assert limit(request) is None
    assert request.limit_note is None
    assert not [change for change in request.changes if "maxTokens" in change.path]


def test_auto_may_be_configured_for_a_model(build):
    request = build(model=OPUS_46, configured_limit="auto")
    assert limit(request) is None
    assert request.limit_note is None
    assert limit(build(model=OPUS_46, max_tokens=100, configured_limit="auto")) == 100


def test_more_than_the_model_can_is_lowered_and_recorded(build):
    request = build(model="us.meta.llama3-3-70b-instruct-v1:0", max_tokens=100_000)
    assert limit(request) == 4_096
    assert [change.path for change in request.changes] == ["options.max_tokens"]


def test_a_limit_that_is_no_number_is_refused(build):
    with pytest.raises(InvalidRequest, match=r"options\.params\.maxTokens"):
        build(model=OPUS_46, params={"maxTokens": "lots"})
