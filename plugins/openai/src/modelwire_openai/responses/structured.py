"""Structured output: `text.format`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelwire.repair import clean_json, legal_name

__all__ = ["is_strict", "text_format"]

_SCHEMAS_BY_NAME = ("properties", "$defs", "definitions")
_REFUSED = frozenset(
    {
        "allOf", "dependentRequired", "dependentSchemas", "else", "if", "not", "oneOf",
        "patternProperties", "then",
    }
)  # fmt: skip
"""Keywords that OpenAI's guide to structured outputs excludes from strict schemas."""


def text_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Write the format of an answer.

    OpenAI enforces a schema only if it is strict, and refuses a falsely declared one: every
    object closed, every property required. So it is called strict where it is.
    """
    cleaned = clean_json(schema)
    written = {
        "type": "json_schema",
        "name": legal_name(str(cleaned.get("title") or "answer")),
        "schema": cleaned,
        "strict": cleaned.get("type") == "object" and is_strict(cleaned),
    }
    if isinstance(description := cleaned.get("description"), str) and description.strip():
        written["description"] = description
    return written


def is_strict(schema: Any) -> bool:
    """Whether OpenAI takes a schema as strict."""
    if not isinstance(schema, Mapping):
        return True
    if _REFUSED & schema.keys():
        return False
    properties = schema.get("properties")
    if schema.get("type") == "object" or properties is not None:
        named = set(properties) if isinstance(properties, Mapping) else set()
        required = schema.get("required")
        complete = isinstance(required, list) and set(map(str, required)) == named
        if schema.get("additionalProperties") is not False or not (complete or not named):
            return False
    parts = [
        part
        for key in _SCHEMAS_BY_NAME
        if isinstance(found := schema.get(key), Mapping)
        for part in found.values()
    ]
    for key in ("anyOf", "prefixItems"):
        if isinstance(found := schema.get(key), list):
            parts += found
    return all(is_strict(part) for part in [*parts, schema.get("items")])
