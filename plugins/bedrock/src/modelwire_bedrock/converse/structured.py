"""Structured output: `outputConfig`, or instructions where the family has none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from modelwire.repair import Changes, clean_json, legal_name

__all__ = ["output_config", "schema_instruction", "strict_schema"]

# Recorded and verified live by a peer; Amazon's documentation differs on both sides. `minLength` and
# `maxLength` are accepted.
_REFUSED = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "maxItems", "contains",
)  # fmt: skip
_BEYOND_REGULAR = re.compile(r"\(\?<?[=!]|\\[1-9]|\(\?P=|\\k<")
"""Look-around and back-references, which no regular grammar has."""
_SCHEMAS_BY_NAME = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")
_SCHEMA_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SCHEMA_PLACES = (
    "items", "additionalProperties", "not", "if", "then", "else", "propertyNames",
)  # fmt: skip


def output_config(schema: Mapping[str, Any], changes: Changes) -> dict[str, Any]:
    """Write `outputConfig` for a schema, which goes as text."""
    cleaned = strict_schema(clean_json(schema), "options.response_schema", changes)
    definition: dict[str, Any] = {
        "name": legal_name(str(schema.get("title") or "answer")),
        "schema": json.dumps(cleaned, separators=(",", ":")),
    }
    if isinstance(description := cleaned.get("description"), str) and description.strip():
        definition["description"] = description
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": definition}}}


def schema_instruction(schema: Mapping[str, Any]) -> str:
    """Write an instruction to follow a schema."""
    written = json.dumps(clean_json(schema), ensure_ascii=False, separators=(",", ":"))
    return f"Answer only with one JSON value, without anything around it, that follows this JSON Schema:\n{written}"


def _is_refused(key: str, value: Any) -> bool:
    if key == "pattern":
        return isinstance(value, str) and _BEYOND_REGULAR.search(value) is not None
    return key in _REFUSED or (key == "minItems" and isinstance(value, int) and value > 1)


def strict_schema(schema: Any, path: str, changes: Changes) -> Any:
    """A schema as the service accepts it for output.

    An object allows no properties but those that it names. What the service refuses becomes part of
    the description, so that the model still sees it.
    """
    if not isinstance(schema, Mapping):
        return schema
    strict: dict[str, Any] = {}
    notes: list[str] = []
    for key, value in schema.items():
        place = f"{path}.{key}"
        if _is_refused(key, value):
            notes.append(f"{key}={value}")
            changes.rewritten(
                place, "The service refuses it in a schema; it is in the description."
            )
        elif key in _SCHEMAS_BY_NAME and isinstance(value, Mapping):
            strict[key] = {
                name: strict_schema(part, f"{place}.{name}", changes)
                for name, part in value.items()
            }
        elif key in _SCHEMA_LISTS and isinstance(value, list):
            strict[key] = [
                strict_schema(part, f"{place}[{index}]", changes)
                for index, part in enumerate(value)
            ]
        elif key in _SCHEMA_PLACES:
            strict[key] = strict_schema(value, place, changes)
        elif key != "$schema":
            strict[key] = value
    if notes:
        constraints = ", ".join(notes)
        description = strict.get("description")
        strict["description"] = f"{description} ({constraints})" if description else constraints
    if strict.get("type") == "object" and strict.get("additionalProperties") is not False:
        changes.rewritten(f"{path}.additionalProperties", "The service wants objects closed.")
        strict["additionalProperties"] = False
    return strict
