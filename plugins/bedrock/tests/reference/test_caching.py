"""Cache points of each family: where they stand and how long they hold, from the call to the wire."""

from itertools import pairwise

import pytest

from modelwire.messages import (
    AssistantMessage,
    File,
    Text,
    Thinking,
    Tool,
    UserMessage,
)

READ = Tool("read", "Read a file.", {"type": "object", "properties": {"path": {"type": "string"}}})
CLAUDE_45 = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
CLAUDE_4 = "us.anthropic.claude-sonnet-4-20250514-v1:0"
NOVA = "us.amazon.nova-pro-v1:0"
EVERYWHERE, NO_TOOLS, NOWHERE = {"tools", "system", "messages"}, {"system", "messages"}, set()


def points(body):
    """The `ttl` of every cache point by its place; `5m` where none is written."""
    places = {
        "tools": body.get("toolConfig", {}).get("tools", []),
        "system": body.get("system", []),
        "messages": [block for message in body["messages"] for block in message["content"]],
    }
    return {
        place: block["cachePoint"].get("ttl", "5m")
        for place, blocks in places.items()
        for block in blocks
        if "cachePoint" in block
    }


MODELS = [  # where cache points stand, and whether they may hold for an hour
    (CLAUDE_45, EVERYWHERE, "1h"),
    ("us.anthropic.claude-haiku-4-5-20251001-v1:0", EVERYWHERE, "1h"),
    ("us.anthropic.claude-opus-4-5-20251101-v1:0", EVERYWHERE, "1h"),
    ("us.anthropic.claude-opus-4-8", EVERYWHERE, "1h"),
    ("us.anthropic.claude-haiku-5-5", EVERYWHERE, "1h"),
    ("us.anthropic.claude-fable-5", EVERYWHERE, "1h"),
    ("us.anthropic.claude-mythos-5", EVERYWHERE, "1h"),
    (CLAUDE_4, EVERYWHERE, "5m"),
    ("us.anthropic.claude-opus-4-1-20250805-v1:0", EVERYWHERE, "5m"),
    ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", EVERYWHERE, "5m"),
    (NOVA, NO_TOOLS, "5m"),
    ("us.amazon.nova-2-lite-v1:0", NO_TOOLS, "5m"),
    ("openai.gpt-5.6-sol", NOWHERE, None),
    ("us.openai.gpt-6-sol", NOWHERE, None),
    ("us.xai.grok-4.6", NOWHERE, None),
    ("nvidia.nemotron-nano-3-30b", NOWHERE, None),
    ("moonshotai.kimi-k2.5", NOWHERE, None),
]


@pytest.mark.parametrize(("model", "places", "hour"), MODELS)
async def test_cache_points_stand_where_the_family_takes_them(ask, sent, model, places, hour):
    for retention in ("short", "long", "none"):
        await ask(model, system="Be brief.", tools=[READ], cache_retention=retention)
    short, long, none = map(points, sent())
    assert short == dict.fromkeys(places, "5m")
    assert long == dict.fromkeys(places, hour)
    assert none == {}


@pytest.mark.parametrize(
    ("model", "places"), [(CLAUDE_45, EVERYWHERE), ("us.xai.grok-4.6", NOWHERE)]
)
async def test_a_wish_that_cannot_be_met_is_recorded(ask, model, places):
    answer = await ask(model, cache_retention="long")
    found = [item.get("path") for item in answer.diagnostics]
    assert ("options.cache_retention" in found) is not places


async def test_a_cache_point_is_before_a_document_that_ends_a_message(ask, sent):
    document = File(b"data", "text/plain", name="a.txt")
    await ask(CLAUDE_45, [UserMessage([Text("Sum it up."), document])])
    content = sent()[0]["messages"][0]["content"]
    assert [next(iter(block)) for block in content] == ["text", "cachePoint", "document"]


async def test_a_cache_point_never_follows_a_thought(ask, sent):
    thought = AssistantMessage([Thinking("hm", "c2ln")], "amazon-bedrock", CLAUDE_45)
    await ask(CLAUDE_45, [UserMessage("Go."), thought, UserMessage("On.")])
    for message in sent()[0]["messages"]:
        names = [next(iter(block)) for block in message["content"]]
        assert ("reasoningContent", "cachePoint") not in list(pairwise(names))


async def test_a_request_has_four_cache_points_at_most(ask, sent):
    turns = [
        UserMessage("Go.") if n % 2 == 0 else AssistantMessage("Yes.", "amazon-bedrock", CLAUDE_45)
        for n in range(21)
    ]
    await ask(CLAUDE_45, turns, system="Be brief.", tools=[READ])
    body = sent()[0]
    blocks = [
        *body["system"],
        *body["toolConfig"]["tools"],
        *(block for message in body["messages"] for block in message["content"]),
    ]
    assert 1 <= sum("cachePoint" in block for block in blocks) <= 4
