"""A schema for the answer, for each model: as `outputConfig`, in words, or tried."""

import json

import pytest

from modelwire.messages import StopReason

SCHEMA = {"type": "object", "properties": {"town": {"type": "string"}}, "required": ["town"]}
YES, NO, TRIED = "as outputConfig", "in words", "tried, then in words"
MODELS = [
    ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", YES),
    ("us.anthropic.claude-haiku-4-5-20251001-v1:0", YES),
    ("us.anthropic.claude-opus-4-5-20251101-v1:0", YES),
    ("us.anthropic.claude-opus-4-6-v1", YES),
    ("us.anthropic.claude-sonnet-4-6", YES),
    ("us.anthropic.claude-opus-4-7", TRIED),
    ("us.anthropic.claude-opus-4-8", TRIED),
    ("us.anthropic.claude-sonnet-5", TRIED),
    ("us.anthropic.claude-opus-5", NO),
    ("us.anthropic.claude-opus-5-5", TRIED),
    ("us.anthropic.claude-opus-4-1-20250805-v1:0", NO),
    ("us.anthropic.claude-fable-5", TRIED),
    ("us.anthropic.claude-fable-5-1", TRIED),
    ("qwen.qwen3-32b-v1:0", YES),
    ("moonshotai.kimi-k2.5", YES),
    ("zai.glm-5", YES),
    ("mistral.mistral-large-3-675b-instruct", YES),
    ("mistral.ministral-3-8b-instruct", YES),
    ("mistral.magistral-small-2509", YES),
    ("mistral.voxtral-mini-3b-2507", YES),
    ("minimax.minimax-m2.5", YES),
    ("nvidia.nemotron-nano-3-30b", YES),
    ("google.gemma-3-12b-it", YES),
    ("google.gemma-3-27b-it", YES),
    ("google.gemma-3-4b-it", NO),
    ("us.xai.grok-4.6", NO),
    ("us.xai.grok-4.7", YES),
    ("us.meta.llama3-3-70b-instruct-v1:0", NO),
    ("us.mistral.pixtral-large-2502-v1:0", NO),
    ("us.amazon.nova-pro-v1:0", NO),
    ("us.amazon.nova-2-lite-v1:0", NO),
    ("us.writer.palmyra-x5-v1:0", NO),
]


@pytest.mark.parametrize(("model", "way"), MODELS)
async def test_a_schema_goes_as_the_model_takes_it(ask, sent, model, way):
    answer = await ask(model, response_schema=SCHEMA)
    ways = ["outputConfig" in body for body in sent()]
    assert ways == {YES: [True], NO: [False], TRIED: [True, False]}[way]
    last = json.dumps(sent()[-1]).replace("\\", "")
    assert '"town"' in last
    assert answer.stop_reason is StopReason.STOP


async def test_a_model_that_refused_a_schema_is_not_asked_with_it_again(ask, sent):
    for _ in range(2):
        await ask("us.anthropic.claude-sonnet-5", response_schema=SCHEMA)
    assert ["outputConfig" in body for body in sent()] == [True, False, False]
