"""Structured output: `response_format`, or instructions where a service has none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from modelwire.repair import clean_json, legal_name
from modelwire_openai.compat import Compat

__all__ = ["is_strict", "response_format", "schema_instruction"]


def response_format(schema: Mapping[str, Any], compat: Compat) -> dict[str, Any]:
    """Write `response_format` for a schema.

    It is `strict` where the schema keeps the rules that OpenAI sets for that: every object closed,
    and every property required.
    """
    if not compat.supports_json_schema_response_format:
        return {"type": "json_object"}
    cleaned = clean_json(schema)
    definition: dict[str, Any] = {
        "name": legal_name(str(schema.get("title") or "answer")),
        "schema": cleaned,
    }
    if compat.supports_strict_mode:
        definition["strict"] = is_strict(cleaned)
    return {"type": "json_schema", "json_schema": definition}


def schema_instruction(schema: Mapping[str, Any]) -> str:
    """Write an instruction to follow a schema; DeepSeek requires the word JSON in it."""
    written = json.dumps(clean_json(schema), ensure_ascii=False, separators=(",", ":"))
    return f"Answer only with one JSON value, without anything around it, that follows this JSON Schema:\n{written}"


def is_strict(schema: Any) -> bool:
    """Whether a schema keeps the rules that OpenAI sets for strict ones."""
    if isinstance(schema, list):
        return all(is_strict(item) for item in schema)
    if not isinstance(schema, Mapping):
        return True
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, Mapping):
        named = set(properties) if isinstance(properties, Mapping) else set()
        if schema.get("additionalProperties") is not False:
            return False
        if set(schema.get("required") or ()) != named:
            return False
    return all(
        all(is_strict(part) for part in value.values())
        if key in ("properties", "$defs", "definitions") and isinstance(value, Mapping)
        else is_strict(value)
        for key, value in schema.items()
        if key not in ("enum", "const", "default", "examples", "required")
    )
