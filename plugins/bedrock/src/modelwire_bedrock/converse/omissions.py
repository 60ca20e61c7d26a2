"""Omissions: the payload of a request without fields that a model refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import field, frozen

__all__ = [
    "CACHING",
    "REASONING",
    "SCHEMA",
    "STATUS",
    "STRICT",
    "RefusedField",
    "as_json",
    "value_at",
    "without_cache_points",
    "without_field",
]

CACHING = "cachePoint"
SCHEMA = "outputConfig.textFormat"
REASONING = "reasoningContent"

STRICT = "toolConfig.tools.toolSpec.strict"
STATUS = "toolResult.status"


@frozen
class RefusedField:
    """A field that a model refuses.

    Attributes:
        path: Its place in the payload, as `inferenceConfig.temperature`; or `CACHING`, `SCHEMA` or
            `REASONING` for what is written in several places.
        value: The only value that is refused, as JSON text, or `None` for any.
    """

    path: str
    value: str | None = field(default=None, repr=False)


def without_field(payload: dict[str, Any], refused: RefusedField) -> dict[str, Any] | None:
    """The payload without a refused field, or `None` where it has none such."""
    if refused.path == CACHING:
        return without_cache_points(payload)
    if refused.path == STRICT:
        return _without_strict(payload)
    if refused.path == STATUS:
        return _without_status(payload)
    path = refused.path.split(".")
    value = value_at(payload, path)
    if value is None or refused.value not in (None, as_json(value)):
        return None
    return _cut(payload, path)


def _cut(data: Mapping[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """A copy without what a path leads to; an object that is left empty goes with it."""
    copy = dict(data)
    if len(path) > 1:
        copy[path[0]] = _cut(copy[path[0]], path[1:])
    if len(path) == 1 or not copy[path[0]]:
        del copy[path[0]]
    return copy


def without_cache_points(payload: dict[str, Any]) -> dict[str, Any] | None:
    """The payload without its cache points, or `None` where it has none."""
    copy = dict(payload)
    if "system" in copy:
        copy["system"] = _uncached(copy["system"])
    if "toolConfig" in copy:
        copy["toolConfig"] = {
            **copy["toolConfig"],
            "tools": _uncached(copy["toolConfig"].get("tools", [])),
        }
    if "messages" in copy:
        copy["messages"] = [
            {**message, "content": _uncached(message["content"])} for message in copy["messages"]
        ]
    return None if copy == payload else copy


def _uncached(blocks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [block for block in blocks if CACHING not in block]


def _without_strict(payload: dict[str, Any]) -> dict[str, Any] | None:
    tools = payload.get("toolConfig", {}).get("tools", [])
    if not any("strict" in tool.get("toolSpec", {}) for tool in tools):
        return None
    loose = [
        {"toolSpec": {k: v for k, v in tool["toolSpec"].items() if k != "strict"}}
        if "toolSpec" in tool
        else tool
        for tool in tools
    ]
    return {**payload, "toolConfig": {**payload["toolConfig"], "tools": loose}}


def _without_status(payload: dict[str, Any]) -> dict[str, Any] | None:
    """The payload without the status of tool results; the text says that a tool failed."""
    if not any("status" in result for result in _results(payload)):
        return None
    return {
        **payload,
        "messages": [
            {**message, "content": [_statusless(block) for block in message["content"]]}
            for message in payload["messages"]
        ],
    }


def _results(payload: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for message in payload.get("messages", []):
        for block in message["content"]:
            if "toolResult" in block:
                yield block["toolResult"]


def _statusless(block: dict[str, Any]) -> dict[str, Any]:
    if "status" not in block.get("toolResult", {}):
        return block
    result = dict(block["toolResult"])
    if result.pop("status") == "error":
        result["content"] = [{"text": "The tool failed:"}, *result["content"]]
    return {"toolResult": result}


def value_at(payload: Mapping[str, Any], path: Sequence[str]) -> Any:
    """The value at a path, or `None` where there is none."""
    here: Any = payload
    for part in path:
        here = here.get(part) if isinstance(here, Mapping) else None
    return here


def as_json(value: Any) -> str:
    """A value as JSON text, for comparison."""
    return json.dumps(value, sort_keys=True, default=str)
