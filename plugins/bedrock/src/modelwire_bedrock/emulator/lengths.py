"""The length of answers: one that is longer than the request allows ends as `max_tokens`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from modelwire_bedrock.emulator.answers import TokenUsage, WireEvent
from modelwire_bedrock.emulator.hosted import hosted_model
from modelwire_bedrock.emulator.tokens import CHARACTERS

__all__ = ["answer_limit", "limited"]


def answer_limit(base_model: str, parameters: Mapping[str, Any]) -> int | None:
    """The most tokens of an answer; `None` where nothing limits it.

    Claude answers with 4,096 tokens at most where the request names no limit; a larger budget for
    thinking comes on top of it.
    """
    facts = hosted_model(base_model)
    wanted = (parameters.get("inferenceConfig") or {}).get("maxTokens")
    if wanted is not None:
        return int(wanted)
    if facts.usual is None:
        return facts.answer
    fields = parameters.get("additionalModelRequestFields")
    thinking = fields.get("thinking") if isinstance(fields, dict) else None
    budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    return facts.usual if not isinstance(budget, int) else budget + facts.usual


async def limited(events: AsyncIterator[WireEvent], limit: int | None) -> AsyncIterator[WireEvent]:
    """The events of an answer, cut off after `limit` tokens."""
    room = None if limit is None else limit * CHARACTERS
    full = False
    async for name, payload in events:
        if not full and room is not None and name == "contentBlockDelta":
            size = _length(payload["delta"])
            if size > room:
                full = True
                if room:
                    yield name, {**payload, "delta": _cut(payload["delta"], room)}
                yield "contentBlockStop", {"contentBlockIndex": payload["contentBlockIndex"]}
                continue
            room -= size
        if not full:
            yield name, payload
        elif name == "messageStop":
            yield name, {**payload, "stopReason": "max_tokens"}
        elif name == "metadata":
            yield name, {**payload, "usage": _counted(payload.get("usage", {}), limit or 0)}


def _length(delta: Mapping[str, Any]) -> int:
    return len(_text(delta)[1])


def _text(delta: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """Where the text of a delta is, and the text."""
    for path in (("text",), ("toolUse", "input"), ("reasoningContent", "text")):
        value: Any = delta
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, str):
            return path, value
    return (), ""


def _cut(delta: Mapping[str, Any], size: int) -> dict[str, Any]:
    path, text = _text(delta)
    cut: Any = text[:size]
    for key in reversed(path):
        cut = {key: cut}
    return dict(cut)


def _counted(usage: Mapping[str, Any], output: int) -> dict[str, Any]:
    cached = usage.get("cacheReadInputTokens", 0) + usage.get("cacheWriteInputTokens", 0)
    counted = TokenUsage(usage.get("inputTokens", 0), output).wire()
    return {**usage, **counted, "totalTokens": counted["totalTokens"] + cached}
