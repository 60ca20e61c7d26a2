"""Limits of strict schemas: what one request may hold of them together.

Claude counts optional parameters and those of several types over the strict tools and the schema of
the answer. evidence: Anthropic's page "Structured outputs", and the service's words "too many
parameters with union types ... limit: 16" in reports of 2026-09. Of other families no such limit is
known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define, field

from modelwire_bedrock.converse.schemas import is_recursive
from modelwire_bedrock.models.families import Family

__all__ = ["StrictBudget"]

_MOST_TOOLS = 20
_MOST_OPTIONAL = 24
_MOST_UNIONS = 16


@define
class StrictBudget:
    """The remaining budget for strict schemas in a request.

    Attributes:
        family: The model's family.
    """

    family: Family
    _tools: int = field(default=0, init=False)
    _optional: int = field(default=0, init=False)
    _unions: int = field(default=0, init=False)

    def add_answer(self, schema: Mapping[str, Any]) -> str | None:
        """Count the schema of the answer, or say in one sentence why it does not fit."""
        return self._add(schema)

    def add_tool(self, schema: Mapping[str, Any]) -> str | None:
        """Count the schema of a strict tool, or say in one sentence why it cannot be strict."""
        if self.family.strict_tools is False:
            return f"{self.family.key} takes no strict tools."
        if self._tools == _MOST_TOOLS:
            return f"The service takes {_MOST_TOOLS} strict tools at most."
        if is_recursive(schema):
            return "A schema that refers to itself cannot be strict."
        reason = self._add(schema)
        self._tools += reason is None
        return reason

    def _add(self, schema: Mapping[str, Any]) -> str | None:
        if not self.family.key.startswith("claude"):
            return None
        nodes = list(_nodes(schema))
        optional = self._optional + sum(map(_optional, nodes))
        unions = self._unions + sum(map(_is_union, nodes))
        if optional > _MOST_OPTIONAL:
            return (
                f"The strict schemas of a request may have {_MOST_OPTIONAL} optional parameters "
                f"together; with this one they have {optional}."
            )
        if unions > _MOST_UNIONS:
            return (
                f"The strict schemas of a request may have {_MOST_UNIONS} parameters of several "
                f"types together; with this one they have {unions}."
            )
        self._optional, self._unions = optional, unions
        return None


_BY_NAME = ("properties", "$defs", "definitions", "patternProperties")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_PLACES = ("items", "additionalProperties", "not", "if", "then", "else")


def _nodes(schema: Any) -> Iterator[Mapping[str, Any]]:
    """A schema and every schema within it; what a reference leads to counts once."""
    if not isinstance(schema, Mapping):
        return
    yield schema
    for key in _BY_NAME:
        if isinstance(parts := schema.get(key), Mapping):
            for part in parts.values():
                yield from _nodes(part)
    for key in _LISTS:
        if isinstance(parts := schema.get(key), list):
            for part in parts:
                yield from _nodes(part)
    for key in _PLACES:
        yield from _nodes(schema.get(key))


def _optional(schema: Mapping[str, Any]) -> int:
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, Mapping):
        return 0
    return sum(name not in (required if isinstance(required, list) else ()) for name in properties)


def _is_union(schema: Mapping[str, Any]) -> bool:
    kinds = schema.get("type")
    return "anyOf" in schema or "oneOf" in schema or (isinstance(kinds, list) and len(kinds) > 1)
