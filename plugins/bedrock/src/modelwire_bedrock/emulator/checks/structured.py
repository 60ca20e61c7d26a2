"""Checks of structured output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from modelwire_bedrock.emulator.checks.request import FROM_MODEL, CheckedRequest

__all__ = [
    "few_optional",
    "few_unions",
    "output_config_accepted",
    "output_config_undisputed",
    "strict_accepted",
]

_REFUSED = f"{FROM_MODEL}output_config.format: Extra inputs are not permitted"


def _requests_schema(request: CheckedRequest) -> bool:
    return bool((request.body.get("outputConfig") or {}).get("textFormat"))


def output_config_accepted(request: CheckedRequest) -> str | None:
    """The model takes a schema for its answer."""
    return _REFUSED if request.hosted.structured == "no" and _requests_schema(request) else None


def output_config_undisputed(request: CheckedRequest) -> str | None:
    """No report says that the model refuses a schema for its answer."""
    return (
        _REFUSED if request.hosted.structured == "disputed" and _requests_schema(request) else None
    )


def strict_accepted(request: CheckedRequest) -> str | None:
    """No tool is strict where the model knows no strict tools."""
    if request.hosted.strict is not False:
        return None
    for at, tool in enumerate(request.tools):
        if tool.get("toolSpec", {}).get("strict") is not None:
            return f"{FROM_MODEL}tools.{at}.custom.strict: Extra inputs are not permitted"
    return None


def few_unions(request: CheckedRequest) -> str | None:
    """The strict schemas of a request have at most 16 parameters of several types together."""
    count = sum(
        "anyOf" in part or isinstance(part.get("type"), list) for part in _strict_parts(request)
    )
    if count <= 16:
        return None
    return (
        f"{FROM_MODEL}Schemas contains too many parameters with union types ({count} parameters with "
        "type arrays or anyOf) which exceeds the limit: 16"
    )


def few_optional(request: CheckedRequest) -> str | None:
    """They have at most 24 optional parameters together."""
    count = 0
    for part in _strict_parts(request):
        properties, required = part.get("properties"), part.get("required")
        if isinstance(properties, dict):
            names = required if isinstance(required, list) else []
            count += sum(name not in names for name in properties)
    if count <= 24:
        return None
    return (
        f"{FROM_MODEL}Schemas contains too many optional parameters ({count}), which exceeds the "
        "limit: 24"
    )


def _strict_parts(request: CheckedRequest) -> Iterator[dict[str, Any]]:
    """Every object in the schemas of the answer or of a strict tool."""
    form = (request.body.get("outputConfig") or {}).get("textFormat") or {}
    written = form.get("structure", {}).get("jsonSchema", {}).get("schema")
    if isinstance(written, str):
        with suppress(ValueError):
            yield from _objects(json.loads(written))
    for tool in request.tools:
        spec = tool.get("toolSpec", {})
        if spec.get("strict") is True:
            yield from _objects(spec.get("inputSchema", {}).get("json"))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from _objects(item)
