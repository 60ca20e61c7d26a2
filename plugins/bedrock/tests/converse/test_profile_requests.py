"""Requests to application profiles follow the model behind them."""

from __future__ import annotations

import pytest

from modelwire.messages import AssistantMessage, Tool, UserMessage

OWN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12"
SONNET_45 = "anthropic.claude-sonnet-4-5-20250929-v1:0"
SONNET_4 = "anthropic.claude-sonnet-4-20250514-v1:0"
OLD = "anthropic.claude-3-haiku-20240307-v1:0"


def points(request):
    """Every cache point with its place, in the order of the request."""
    payload = request.payload
    places = [("tools", payload["toolConfig"]["tools"]), ("system", payload["system"])]
    places += [(number, message["content"]) for number, message in enumerate(payload["messages"])]
    return [
        (place, block["cachePoint"].get("ttl"))
        for place, blocks in places
        for block in blocks
        if "cachePoint" in block
    ]


@pytest.mark.parametrize(
    ("base", "retention", "ttl"),
    [
        (SONNET_45, None, None),
        (SONNET_45, "short", None),
        (SONNET_45, "long", "1h"),
        (SONNET_4, "long", None),
        (SONNET_45, "none", ()),
        (OLD, None, ()),
        ("meta.llama3-3-70b-instruct-v1:0", "long", ()),
        (None, "long", ()),
    ],
)
def test_each_place_gets_one_cache_point_and_only_the_last_user_turn(build, base, retention, ttl):
    request = build(
        [UserMessage("a"), AssistantMessage("b", "amazon-bedrock", OWN), UserMessage("c")],
        OWN,
        base_model=base,
        system="Be brief.",
        tools=[Tool("read"), Tool("write")],
        cache_retention=retention,
    )
    expected = [] if ttl == () else [("tools", ttl), ("system", ttl), (2, ttl)]
    assert points(request) == expected
