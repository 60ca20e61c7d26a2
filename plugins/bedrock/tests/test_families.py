from __future__ import annotations

import re

import pytest

from modelwire_bedrock.models.families import FAMILIES, UNKNOWN, base_model_id, family_of

PROFILE = (
    "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-8-v1:0"
)
OPAQUE = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1glmb2c3d4e"


@pytest.mark.parametrize(
    ("model_id", "key"),
    [
        ("us.anthropic.claude-sonnet-5", "claude-sonnet-5"),
        ("global.anthropic.claude-opus-5-20260601-v1:0", "claude-opus-5"),
        ("anthropic.claude-fable-5", "claude-fable-mythos"),
        ("us.anthropic.claude-mythos-preview", "claude-fable-mythos"),
        ("eu.anthropic.claude-opus-4.8", "claude-opus-4.8"),
        ("au.anthropic.claude-opus-4-6-v1", "claude-opus-4.6"),
        ("jp.anthropic.claude-sonnet-4-6", "claude-sonnet-4.6"),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-4.5"),
        ("us.anthropic.claude-opus-4-1-20250805-v1:0", "claude-opus-4.1"),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", "claude-4"),
        ("us-gov.anthropic.claude-3-7-sonnet-20250219-v1:0", "claude-3.7"),
        ("anthropic.claude-3-5-haiku-20241022-v1:0", "claude-3.5-haiku"),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3"),
        ("anthropic.claude-v2", "claude-2"),
        ("anthropic.claude-opus-7", "claude"),
        ("anthropic.claude-opus-5-6", "claude"),
        ("us.anthropic.claude-opus-5-5", "claude-opus-5.5"),
        ("us.anthropic.claude-opus-5-5-20260901-v1:0", "claude-opus-5.5"),
        ("eu.anthropic.claude-sonnet-5-5", "claude-sonnet-5.5"),
        ("anthropic.claude-sonnet-5-20260101-v1:0", "claude-sonnet-5"),
        ("us.anthropic.claude-haiku-5-5", "claude-haiku-5.5"),
        ("us.anthropic.claude-fable-5-1", "claude-fable-5.1"),
        ("us.anthropic.claude-mythos-5", "claude-fable-mythos"),
        ("us.anthropic.claude-mythos-5-1", "claude-fable-5.1"),
        ("us.anthropic.claude-opus-4-7-v1:0", "claude-opus-4.7"),
        ("us.openai.gpt-6-sol", "gpt-6"),
        ("us.openai.gpt-6-astra", "gpt-6-astra"),
        ("us.openai.gpt-6.1-sol", "gpt-6.1"),
        ("openai.gpt-5.5", "gpt-5.5"),
        ("us.xai.grok-4.6", "grok-4.6"),
        ("global.xai.grok-4.7", "grok-4.7"),
        ("us.zai.glm-5.3", "glm-5.3"),
        ("google.gemma-4-31b-it", "gemma-4"),
        ("cohere.command-a-03-2025-v1:0", "cohere-command-a"),
        ("mistral.magistral-small-2509", "magistral"),
        ("qwen.qwen3-coder-480b-a35b-v1:0", "qwen-3-coder"),
        ("us.amazon.nova-2-lite-v1:0", "nova-2"),
        ("apac.amazon.nova-micro-v1:0", "nova-micro"),
        ("us.amazon.nova-premier-v1:0", "nova"),
        ("amazon.titan-text-express-v1", "titan-text"),
        ("us.meta.llama4-maverick-17b-instruct-v1:0", "llama-4"),
        ("us.meta.llama3-3-70b-instruct-v1:0", "llama-3.1"),
        ("meta.llama3-8b-instruct-v1:0", "llama"),
        ("mistral.mistral-large-3-675b-instruct", "mistral-3"),
        ("us.mistral.pixtral-large-2502-v1:0", "pixtral"),
        ("mistral.mixtral-8x7b-instruct-v0:1", "mistral-instruct"),
        ("mistral.mistral-large-2407-v1:0", "mistral-large"),
        ("mistral.mistral-small-2402-v1:0", "mistral"),
        ("cohere.command-r-plus-v1:0", "cohere-command-r"),
        ("cohere.command-text-v14", "cohere-command"),
        ("ai21.jamba-1-5-large-v1:0", "jamba"),
        ("ai21.jamba-instruct-v1:0", "jamba-instruct"),
        ("us.deepseek.r1-v1:0", "deepseek-r1"),
        ("deepseek.v3.2", "deepseek-v3"),
        ("qwen.qwen3-32b-v1:0", "qwen-3"),
        ("moonshotai.kimi-k2.5", "kimi-k2"),
        ("moonshot.kimi-k2-thinking", "kimi-k2"),
        ("minimax.minimax-m2.1", "minimax"),
        ("zai.glm-4.7", "glm"),
        ("openai.gpt-oss-120b-1:0", "gpt-oss"),
        ("openai.gpt-5.6-sol", "gpt-5.6"),
        ("us.writer.palmyra-x4-v1:0", "palmyra"),
        ("google.gemma-3-27b-it", "gemma"),
        ("nvidia.nemotron-nano-12b-v2", "nemotron"),
        (PROFILE, "claude-opus-4.8"),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0", "nova"),
        (
            "arn:aws:bedrock:us-east-1:1:custom-model/anthropic.claude-3-haiku-20240307-v1:0/abc",
            "claude-3",
        ),
    ],
)
def test_a_model_id_in_any_form_names_its_family(model_id, key):
    assert family_of(model_id).key == key


def test_an_opaque_profile_has_no_family_of_its_own():
    assert family_of(OPAQUE) is UNKNOWN


def test_the_base_model_of_a_profile_decides():
    family = family_of(OPAQUE, base_model="anthropic.claude-sonnet-4-6", name="Nova Pro")
    assert family.key == "claude-sonnet-4.6"


def test_a_descriptive_name_speaks_for_an_opaque_profile():
    assert family_of(OPAQUE, name="Claude Opus 4.8 (team budget)").key == "claude-opus-4.8"


@pytest.mark.parametrize(
    ("model_id", "base"),
    [
        ("us.amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
        ("qwen.qwen3.5-coder", "qwen.qwen3.5-coder"),
        (PROFILE, "anthropic.claude-opus-4-8-v1:0"),
        ("arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/meta.llama3-8b", "meta.llama3-8b"),
    ],
)
def test_geographies_and_arns_are_taken_off(model_id, base):
    assert base_model_id(model_id) == base


def test_every_family_is_reached_and_says_where_it_is_from():
    assert len({family.key for family in FAMILIES}) == len(FAMILIES)
    for family in FAMILIES:
        assert family.evidence.startswith(
            ("rec:", "ref ", "guide", "card", "peer", "issue", "hearsay")
        )
        assert re.fullmatch(r"20\d\d-[01]\d", family.checked)


def test_an_hour_of_caching_needs_caching():
    assert all(family.cache for family in FAMILIES if family.cache_hour)
