"""Which Nova models are given cache points, and where."""

from __future__ import annotations

import pytest

from modelwire.messages import Tool


@pytest.mark.parametrize(
    ("model", "cached"),
    [
        ("amazon.nova-micro-v1:0", True),
        ("eu.amazon.nova-lite-v1:0", True),
        ("apac.amazon.nova-pro-v1:0", True),
        ("us.amazon.nova-premier-v1:0", True),
        ("global.amazon.nova-2-lite-v1:0", True),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-pro-v1:0", True),
        ("amazon.nova-sonic-v1:0", False),
        ("amazon.titan-text-express-v1", False),
    ],
)
def test_nova_that_caches_does_so_in_system_and_messages_and_never_after_tools(
    build, model, cached
):
    tools = [] if "titan" in model else [Tool("read")]
    payload = build(model=model, system="Be brief.", tools=tools, cache_retention="long").payload
    point = [{"cachePoint": {"type": "default"}}] if cached else []
    assert [b for b in payload.get("system", ()) if "cachePoint" in b] == point
    assert [b for b in payload["messages"][-1]["content"] if "cachePoint" in b] == point
    assert "cachePoint" not in str(payload.get("toolConfig", ""))
