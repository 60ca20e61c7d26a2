"""The limit on an answer's tokens, from the configuration to the wire."""

import pytest

OPUS = "us.anthropic.claude-opus-4-6-v1"
NOVA = "us.amazon.nova-lite-v1:0"


def entry(limit, model=OPUS):
    return {"models": [{"id": model, "maxTokens": limit}]}


@pytest.mark.parametrize(
    ("settings", "document", "model", "limit"),
    [
        ({}, {}, OPUS, 32_000),
        ({}, {}, NOVA, None),
        (entry(8192), {}, OPUS, 8192),
        ({"maxTokens": 4096}, {}, OPUS, 4096),
        (entry(8192) | {"maxTokens": 4096}, {}, OPUS, 8192),
        (entry("auto"), {}, OPUS, None),
        ({"maxTokens": "auto"}, {}, OPUS, None),
        (entry("auto") | {"maxTokens": 4096}, {}, OPUS, None),
        (entry(8192) | {"maxTokens": "auto"}, {}, OPUS, 8192),
        ({"params": {"maxTokens": "auto"}}, {}, OPUS, None),
        (entry(10_000_000), {}, OPUS, 128_000),
    ],
)
async def test_the_configured_limit_is_sent(runtime_of, sent, settings, document, model, limit):
    async with runtime_of(settings, **document) as runtime:
        await runtime.complete("Hello", model=f"amazon-bedrock/{model}")
    assert sent()[0].get("inferenceConfig", {}).get("maxTokens") == limit


@pytest.mark.parametrize("settings", [entry("auto"), {"maxTokens": "auto"}])
async def test_the_limit_of_a_call_counts_more_than_auto(runtime_of, sent, settings):
    async with runtime_of(settings) as runtime:
        await runtime.complete("Hello", model=f"amazon-bedrock/{OPUS}", max_tokens=77)
    assert sent()[0]["inferenceConfig"]["maxTokens"] == 77
