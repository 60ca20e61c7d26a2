"""Structured output."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from modelwire.repair import Changes

__all__ = ["closed", "instruction"]

_OF_SCHEMAS = ("properties", "$defs", "definitions")
_LISTS = ("anyOf", "allOf", "oneOf", "prefixItems")
_SINGLE = ("items", "not")


def closed(schema: Any, changes: Changes) -> Any:
    """A schema whose objects have no other properties than those it names, as the service demands."""
    made = _closed(schema)
    if made != schema:
        reason = "An object of the schema takes no properties that it does not name."
        changes.rewritten("options.response_schema", reason)
    return made


def instruction(schema: Mapping[str, Any]) -> str:
    """The schema as an instruction, for a model without structured output."""
    text = json.dumps(schema, ensure_ascii=False)
    return f"Answer with JSON that follows this JSON Schema, and with nothing else:\n{text}"


def _closed(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    made = dict(schema)
    for key in _OF_SCHEMAS:
        if isinstance(made.get(key), Mapping):
            made[key] = {name: _closed(item) for name, item in made[key].items()}
    for key in _LISTS:
        if isinstance(made.get(key), list):
            made[key] = [_closed(item) for item in made[key]]
    for key in _SINGLE:
        if key in made:
            made[key] = _closed(made[key])
    if made.get("type") == "object" or "properties" in made:
        made["additionalProperties"] = False
    return made
