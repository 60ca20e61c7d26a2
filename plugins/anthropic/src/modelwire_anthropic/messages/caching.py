"""Cache breakpoints.

A request may have four marks. There are three at most, all for the same time: after the tools,
after the system prompt, and at the end of the messages.
"""

from __future__ import annotations

from typing import Any

from modelwire.hookspecs import CacheRetention

__all__ = ["mark"]


def mark(payload: dict[str, Any], retention: CacheRetention | None) -> None:
    """Put marks into a request; by default for five minutes, `long` is an hour, `none` is none.

    A prompt that is too short to be kept is not kept; the service does not mind the marks.
    """
    if retention == "none":
        return
    control: dict[str, Any] = {"type": "ephemeral"}
    if retention == "long":
        control["ttl"] = "1h"
    last = payload["messages"][-1]
    for blocks in (payload.get("tools"), payload.get("system"), last["content"]):
        # Thinking takes no mark.
        if blocks and blocks[-1].get("type") not in ("thinking", "redacted_thinking"):
            blocks[-1] = {**blocks[-1], "cache_control": dict(control)}
