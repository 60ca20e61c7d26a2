"""The keywords of JSON Schema that hold other schemas or restrict values, and what they may hold.

From the 2020-12 drafts of core and validation, with `definitions`, `dependencies` and lists of
`items` of the drafts before. All other keywords say nothing about values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

__all__ = ["EXPECTED", "UNKNOWN_TO_THE_CHECK", "is_number", "pointed_at", "subschemas"]

Schema = Mapping[str, Any] | bool

UNKNOWN_TO_THE_CHECK = frozenset(
    {"$dynamicRef", "$recursiveRef", "dependencies", "unevaluatedItems", "unevaluatedProperties"}
)
"""Keywords that restrict values and are not supported."""

_LONGEST_CHAIN = 32
_ONE = frozenset({"additionalProperties", "contains", "else", "if", "items", "not", "then"}) | {
    "propertyNames"
}
_LISTS = frozenset({"allOf", "anyOf", "items", "oneOf", "prefixItems"})
_MAPS = frozenset({"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"})


def is_number(value: Any) -> bool:
    """Whether a JSON value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_schema(value: Any) -> bool:
    return isinstance(value, Mapping | bool)


def _is_count(value: Any) -> bool:
    return is_number(value) and value >= 0 and value == int(value)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _is_schemas(value: Any) -> bool:
    return _is_list(value) and all(map(_is_schema, value))


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping) and all(map(_is_schema, value.values()))


def _is_name_map(value: Any) -> bool:
    return isinstance(value, Mapping) and all(map(_is_names, value.values()))


_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})


def _is_type(value: Any) -> bool:
    names = value if isinstance(value, list) and value else [value]
    return all(isinstance(name, str) and name in _TYPES for name in names)


def _table(check: Callable[[Any], bool], says: str, *names: str) -> dict[str, Any]:
    return dict.fromkeys(names, (check, says))


EXPECTED: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    **_table(_is_type, f"one or several of {', '.join(sorted(_TYPES))}", "type"),
    **_table(_is_list, "a list of values that is not empty", "enum"),
    **_table(_is_names, "a list of names", "required"),
    **_table(_is_name_map, "an object of lists of names", "dependentRequired"),
    **_table(_is_schema, "a schema", *(_ONE - _LISTS)),
    **_table(_is_schemas, "a list of schemas that is not empty", *(_LISTS - _ONE)),
    **_table(_is_map, "an object of schemas", *_MAPS),
    **_table(
        lambda value: _is_schema(value) or value == [] or _is_schemas(value),
        "a schema or a list of schemas",
        "items",
    ),
    **_table(is_number, "a number", "exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum"),
    **_table(lambda value: is_number(value) and value > 0, "a number above 0", "multipleOf"),
    **_table(
        _is_count,
        "a whole number from 0",
        *(f"{end}{what}" for end in ("min", "max") for what in ("Items", "Length", "Properties")),
        "minContains",
        "maxContains",
    ),
    **_table(lambda value: isinstance(value, str), "a text", "$ref", "pattern"),
    **_table(lambda value: isinstance(value, bool), "true or false", "uniqueItems"),
}
"""The values that a keyword accepts: a check, and its description."""


def subschemas(schema: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Schema]]:
    """The schemas directly inside a schema, each with its place: names and numbers of items."""
    for name, value in schema.items():
        if name in _ONE and _is_schema(value):
            yield (name,), value
        elif name in _LISTS and isinstance(value, Sequence):
            yield from (((name, index), inner) for index, inner in enumerate(value))
        elif name in _MAPS:
            yield from (((name, key), inner) for key, inner in value.items())


def pointed_at(reference: str, root: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema that a reference into the same document means, through a chain of references.

    Returns:
        The schema, or `None` where there is none, or the references lead in a circle.
    """
    for _ in range(_LONGEST_CHAIN):
        if not reference.startswith("#/"):
            return None
        target: Any = root
        for part in reference[2:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(target, list) and name.isdecimal() and int(name) < len(target):
                target = target[int(name)]
            else:
                target = target.get(name) if isinstance(target, Mapping) else None
        if target is True:
            return {}
        if not isinstance(target, Mapping):
            return None
        following = target.get("$ref")
        if following is None or len(target) > 1:
            return target
        reference = following if isinstance(following, str) else ""
    return None
