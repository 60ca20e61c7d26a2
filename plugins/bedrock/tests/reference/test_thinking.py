"""Thinking, sampling and the choice of tools of each release, from the call to the wire.

The emulator refuses what AWS refuses, so every request here is also one that is accepted.
"""

import pytest

from modelwire.hookspecs import ToolChoice
from modelwire.messages import Tool

READ = Tool("read", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}})
OFF = {"thinking": {"type": "disabled"}}
BETWEEN = {"thinking": {"type": "between_tools"}}
ADAPTIVE = {"thinking": {"type": "adaptive", "display": "summarized"}}


def effort(level):
    return ADAPTIVE | {"output_config": {"effort": level}}


@pytest.fixture
def asked(runtime_of, sent):
    """Ask a model; gives the body that answered, and the paths of the changes."""

    async def ask(model, **options):
        settings = {"region": options.pop("region", "us-east-1")}
        async with runtime_of(settings) as runtime:
            answer = await runtime.complete("Hello", model=f"amazon-bedrock/{model}", **options)
        paths = [item.get("path") for item in answer.diagnostics]
        return sent()[-1], paths

    return ask


CLAUDE = [  # model, off, unset; then what is sent of temperature, and of a forced call at rest
    ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", {}, {}, True, True),
    ("us.anthropic.claude-opus-4-1-20250805-v1:0", {}, {}, True, True),
    ("us.anthropic.claude-sonnet-4-20250514-v1:0", {}, {}, True, True),
    ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", {}, {}, True, True),
    ("us.anthropic.claude-opus-4-5-20251101-v1:0", {}, {}, True, True),
    ("us.anthropic.claude-sonnet-4-6", {}, {}, True, True),
    ("us.anthropic.claude-opus-4-6-v1", {}, {}, True, True),
    ("us.anthropic.claude-opus-4-7", {}, {}, False, True),
    ("us.anthropic.claude-opus-4-8", {}, {}, False, True),
    ("us.anthropic.claude-sonnet-5", OFF, effort("high"), False, True),
    ("us.anthropic.claude-opus-5", OFF, effort("high"), False, True),
    ("us.anthropic.claude-haiku-5-5", OFF, ADAPTIVE, False, True),
    ("us.anthropic.claude-sonnet-5-5", BETWEEN, ADAPTIVE, False, False),
    ("us.anthropic.claude-opus-5-5", effort("low"), effort("medium"), False, False),
    ("us.anthropic.claude-fable-5", effort("low"), ADAPTIVE, False, True),
    ("us.anthropic.claude-fable-5-1", effort("low"), ADAPTIVE, False, False),
    ("us.anthropic.claude-mythos-5", effort("low"), ADAPTIVE, False, True),
]


@pytest.mark.parametrize(("model", "off", "unset", "warm", "forced"), CLAUDE)
async def test_a_release_of_claude_is_asked_by_its_own_rules(
    asked, model, off, unset, warm, forced
):
    body, paths = await asked(model, reasoning="off", temperature=0.2)
    assert body.get("additionalModelRequestFields", {}) == off
    assert ("temperature" in body["inferenceConfig"]) is warm
    assert ("options.temperature" in paths) is not warm
    body, _ = await asked(model)
    assert body.get("additionalModelRequestFields", {}) == unset
    body, paths = await asked(model, reasoning="off", tools=[READ], tool_choice=ToolChoice("any"))
    choice = body["toolConfig"].get("toolChoice", {"auto": {}})
    assert choice == ({"any": {}} if forced else {"auto": {}})
    assert ("options.tool_choice" in paths) is not forced


@pytest.mark.parametrize(
    ("level", "effort"), [("low", "low"), ("medium", "medium"), ("high", None), ("max", None)]
)
async def test_opus_4_5_takes_an_effort_besides_its_budget(asked, level, effort):
    body, paths = await asked("us.anthropic.claude-opus-4-5-20251101-v1:0", reasoning=level)
    fields = body["additionalModelRequestFields"]
    assert fields["thinking"]["type"] == "enabled"
    assert fields.get("output_config") == (effort and {"effort": effort})
    assert ("effort-2025-11-24" in fields["anthropic_beta"]) is (effort is not None)
    assert "options.reasoning" not in paths


OTHERS = [
    ("openai.gpt-oss-120b-1:0", "off", {"reasoning_effort": "low"}, True),
    ("us.openai.gpt-6-sol", "off", {"reasoning": {"effort": "none"}}, False),
    ("us.openai.gpt-6-sol", "max", {"reasoning": {"effort": "max"}}, False),
    ("us.openai.gpt-6-astra", "off", {"reasoning": {"effort": "low"}}, False),
    ("openai.gpt-5.6-sol", "xhigh", {"reasoning": {"effort": "xhigh"}}, False),
    ("us.xai.grok-4.6", "high", {"reasoning": {"effort": "high"}}, False),
    ("us.xai.grok-4.7", "off", {"reasoning": {"effort": "low"}}, None),
    ("zai.glm-5", "medium", {"reasoning_effort": "high"}, True),
    ("zai.glm-5", "off", {"reasoning_effort": "none"}, True),
    ("us.zai.glm-5.3", "off", {"reasoning_effort": "low"}, True),
    ("deepseek.v3.2", "high", {"reasoning_effort": "high"}, True),
    ("deepseek.v3.2", "off", {"reasoning_effort": "none"}, True),
    ("moonshotai.kimi-k2.5", "high", {"reasoning_effort": "high"}, True),
    ("qwen.qwen3-32b-v1:0", "medium", {"reasoning_config": "high"}, True),
    ("qwen.qwen3-32b-v1:0", "off", {"reasoning_config": "none"}, True),
    ("us.amazon.nova-2-lite-v1:0", "off", {}, True),
]


@pytest.mark.parametrize(("model", "level", "fields", "warm"), OTHERS)
async def test_another_family_is_asked_in_its_own_field(asked, model, level, fields, warm):
    body, _ = await asked(model, reasoning=level, temperature=0.2)
    assert body.get("additionalModelRequestFields", {}) == fields
    if warm is not None:
        assert ("temperature" in body.get("inferenceConfig", {})) is warm


@pytest.mark.parametrize(
    ("model", "choice"),
    [
        ("us.anthropic.claude-opus-4-8", {"any": {}}),
        ("us.anthropic.claude-sonnet-5", {"any": {}}),
        ("us.anthropic.claude-opus-5", {"any": {}}),
        ("us.anthropic.claude-sonnet-4-6", {"auto": {}}),
        ("us.anthropic.claude-opus-4-7", {"auto": {}}),
        ("deepseek.v3.2", {"auto": {}}),
        ("us.xai.grok-4.6", {"any": {}}),
        ("us.openai.gpt-6-sol", {"any": {}}),
        ("moonshotai.kimi-k2.5", {"any": {}}),
        ("us.meta.llama3-3-70b-instruct-v1:0", {"auto": {}}),
    ],
)
async def test_a_call_is_demanded_beside_thinking_where_the_release_takes_that(
    asked, model, choice
):
    body, _ = await asked(model, reasoning="high", tools=[READ], tool_choice=ToolChoice("any"))
    assert body["toolConfig"].get("toolChoice", {"auto": {}}) == choice
