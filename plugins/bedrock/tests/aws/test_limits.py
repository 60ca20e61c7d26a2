from functools import partial

import pytest

from modelwire.authoring import PriceEntry, look_up_prices
from modelwire_bedrock.discovery.convert import Mapper
from modelwire_bedrock.models.limits import LIMITS, UNKNOWN_LIMITS, limits_of

price_of = partial(look_up_prices, "aws")


@pytest.mark.parametrize(
    ("model_id", "context_window"),
    [
        ("anthropic.claude-opus-4-6-v1:0", 1_000_000),
        ("us.anthropic.claude-opus-4-6-v1", 1_000_000),
        ("anthropic.claude-opus-4.8", 1_000_000),
        ("global.anthropic.claude-sonnet-4-6", 1_000_000),
        ("au.anthropic.claude-sonnet-4-5-20250929-v1:0", 200_000),
        ("anthropic.claude-opus-5", 1_000_000),
        ("anthropic.claude-3-haiku-20240307-v1:0", 200_000),
        ("anthropic.claude-opus-4-20250514-v1:0", 200_000),
        ("apac.amazon.nova-micro-v1:0", 128_000),
        ("amazon.nova-2-lite-v1:0", 1_000_000),
        ("meta.llama4-scout-17b-instruct-v1:0", 512_000),
        ("meta.llama3-3-70b-instruct-v1:0", 128_000),
        ("meta.llama3-8b-instruct-v1:0", 8_192),
        ("deepseek.r1-v1:0", 128_000),
        ("deepseek.v3.2", 163_840),
        ("minimax.minimax-m2", 196_608),
        ("minimax.minimax-m2.1", 196_608),
        ("minimax.minimax-m2.5", 196_608),
        ("qwen.qwen3-32b-v1:0", 32_768),
        ("qwen.qwen3-coder-480b-a35b-v1:0", 131_072),
        ("qwen.qwen3-235b-a22b-2507-v1:0", 262_144),
        ("zai.glm-4.7", 202_752),
        ("zai.glm-4.7-flash", 202_752),
        ("zai.glm-5", 202_752),
        ("zai.glm-5.3", 1_000_000),
        ("moonshotai.kimi-k2.5", 262_144),
        ("moonshot.kimi-k2-thinking", 262_144),
        ("moonshotai.kimi-k3", 1_048_576),
        ("us.xai.grok-4.6", 500_000),
        ("us.xai.grok-4.7", 500_000),
        ("us.openai.gpt-6.1-sol", 1_050_000),
        ("openai.gpt-5.6-terra", 1_050_000),
        ("openai.gpt-oss-120b-1:0", 131_072),
        ("google.gemma-4-31b-it", 262_144),
        ("us.writer.palmyra-x4-v1:0", 122_880),
        ("ai21.jamba-1-5-large-v1:0", 256_000),
        (
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-sonnet-4-20250514-v1:0",
            200_000,
        ),
    ],
)
def test_a_window_is_found_for_an_id_in_any_form(model_id, context_window):
    assert limits_of(model_id).context_window == context_window


@pytest.mark.parametrize(
    ("model_id", "max_tokens"),
    [
        ("global.anthropic.claude-sonnet-4-6", 128_000),
        ("us.meta.llama3-3-70b-instruct-v1:0", 4_096),
        ("us.amazon.nova-2-lite-v1:0", 65_535),
        ("deepseek.v3.2", 81_920),
        ("zai.glm-5.3", 128_000),
        ("moonshotai.kimi-k2.5", 16_384),
        ("moonshotai.kimi-k3", 128_000),
        ("us.openai.gpt-6-sol", 128_000),
        ("mistral.mistral-large-3-675b-instruct", 8_192),
        ("mistral.ministral-3-8b-instruct", 4_096),
        ("mistral.ministral-3-3b-instruct", 8_192),
        ("mistral.magistral-small-2509", 40_000),
        ("mistral.voxtral-mini-3b-2507", 4_096),
        ("minimax.minimax-m2.5", 98_304),
        ("us.xai.grok-4.6", 500_000),
    ],
)
def test_the_longest_answer_is_that_of_bedrock(model_id, max_tokens):
    assert limits_of(model_id).max_tokens == max_tokens


@pytest.mark.parametrize("model_id", ["acme.new-v1:0", "us.acme.new", "abc123", ""])
def test_of_an_unknown_model_nothing_is_known(model_id):
    assert limits_of(model_id) is UNKNOWN_LIMITS
    assert UNKNOWN_LIMITS.context_window is None


def test_every_row_says_where_it_comes_from_and_can_be_reached():
    assert all(row.evidence for row in LIMITS)
    assert len({row.pattern for row in LIMITS}) == len(LIMITS)


def test_a_profile_of_a_geography_is_dearer_than_the_global_one():
    pytest.importorskip("genai_prices")
    name = "anthropic.claude-sonnet-4-5-20250929-v1:0"
    everywhere, nearby = price_of(f"global.{name}").prices, price_of(f"us.{name}").prices
    assert 0 < everywhere.input < nearby.input
    assert 0 < everywhere.cache_read < everywhere.input < everywhere.cache_write


def test_an_unknown_price_is_unknown_and_not_nothing():
    pytest.importorskip("genai_prices")
    assert price_of("acme.new-v1:0") == PriceEntry()
    # No price for cached input is published for this one.
    assert price_of("deepseek.r1-v1:0").prices.cache_read is None


def test_a_price_that_rises_says_up_to_where_it_holds():
    pytest.importorskip("genai_prices")
    model = Mapper("amazon-bedrock").through("global.openai.gpt-6-sol", "x", None, {})
    assert model.extra["pricesHoldUpTo"] == 272_000
