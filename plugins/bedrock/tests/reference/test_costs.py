"""An answer costs the same whatever is known of the region's list."""

import pytest

pytest.importorskip("genai_prices")

MODELS = [
    "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "amazon.nova-lite-v1:0",
    "anthropic.claude-opus-4-8",
]


async def cost_of(runtime, model):
    answer = await runtime.complete("Hello", model=f"amazon-bedrock/{model}")
    return answer.usage.cost


@pytest.mark.parametrize("model", MODELS)
async def test_the_cost_does_not_depend_on_a_list(runtime_of, model):
    async with runtime_of() as runtime:
        unlisted = await cost_of(runtime, model)
        assert (await runtime.catalog.listing("amazon-bedrock")).models
        fetched = await cost_of(runtime, model)
    async with runtime_of() as runtime:
        kept = await cost_of(runtime, model)
    assert unlisted.total > 0
    assert unlisted == fetched == kept


async def test_a_configured_price_counts_more(runtime_of):
    entry = {"id": MODELS[0], "cost": {"input": 1e6, "output": 0, "cacheRead": 0, "cacheWrite": 0}}
    async with runtime_of({"models": [entry]}) as runtime:
        answer = await runtime.complete("Hello", model=f"amazon-bedrock/{MODELS[0]}")
    assert answer.usage.cost.total == answer.usage.input
