"""References and prices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwire.messages import Cost, Usage
from modelwire.models import Model, ModelRef, Prices

ARN = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/a1b2"


@pytest.mark.parametrize(
    ("text", "provider", "model"),
    [
        ("openai/gpt-5", "openai", "gpt-5"),
        ("nvidia/moonshotai/kimi-k2.5", "nvidia", "moonshotai/kimi-k2.5"),
        ("amazon-bedrock/us.anthropic.claude-v1:0", "amazon-bedrock", "us.anthropic.claude-v1:0"),
        (f"amazon-bedrock/{ARN}", "amazon-bedrock", ARN),
        (" Anthropic / Opus-4.6 ", "anthropic", "Opus-4.6"),
    ],
)
def test_a_reference_splits_at_the_first_slash(text, provider, model):
    ref = ModelRef.parse(text)
    assert (ref.provider, ref.model) == (provider, model)


@pytest.mark.parametrize("text", ["", "  ", "/", "anthropic/", "/model", "anthropic/  ", "bare"])
def test_a_reference_needs_both_sides(text):
    assert ModelRef.parse(text) is None


def test_providers_fold_case_and_models_do_not():
    assert ModelRef.parse("OpenAI/x") == ModelRef.parse("openai/x")
    assert ModelRef.parse("openai/X") != ModelRef.parse("openai/x")


@given(st.text(), st.text())
def test_a_reference_survives_being_written_and_read(provider, model):
    ref = ModelRef.parse(f"{provider}/{model}")
    assert ref is None or ModelRef.parse(str(ref)) == ref


def test_a_cost_is_the_sum_of_what_was_used():
    prices = Prices(3.0, 15.0, 0.3, 3.75)
    usage = Usage(
        1_000_000, 100_000, cache_read=1_000_000, cache_write=2_000_000, cache_write_1h=1_000_000
    )
    assert prices.cost_of(usage) == Cost(3.0, 1.5, 0.3, 3.75 + 6.0)


def test_a_cost_is_unknown_when_a_needed_price_is():
    assert Prices(3.0, None).cost_of(Usage(10, 10)) is None
    assert Prices(3.0, None).cost_of(Usage(1_000_000, 0)) == Cost(3.0)


def test_a_model_shows_no_headers():
    assert "secret" not in repr(Model("p", "m", headers={"x-key": "secret"}))
