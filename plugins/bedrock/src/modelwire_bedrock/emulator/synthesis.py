"""Valid values from JSON schemas: arguments of tool calls and structured answers.

The same schema always gives the same value. It keeps types, `required`, `enum`, `const`, `default`,
bounds, lengths, formats, nested objects, references into the schema and alternatives; a `pattern`
only where the value happens to fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["synthesize"]

DEEPEST = 12
"""Where schemas that contain themselves end."""

_FORMATS = {
    "date": "2026-11-28",
    "date-time": "2026-11-28T12:00:00Z",
    "duration": "PT1H",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "12:00:00Z",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def synthesize(schema: Any, root: Mapping[str, Any] | None = None, depth: int = 0) -> Any:
    """A value that a schema accepts."""
    if not isinstance(schema, Mapping) or depth > DEEPEST:
        return None
    root = schema if root is None else root
    if "$ref" in schema:
        rest = {name: value for name, value in schema.items() if name != "$ref"}
        return synthesize({**_target(schema["$ref"], root), **rest}, root, depth + 1)
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    if schema.get("examples"):
        return schema["examples"][0]
    if schema.get("enum"):
        return schema["enum"][0]
    return _composed(schema, root, depth)


def _composed(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Any:
    parts = [_resolved(part, root) for part in schema.get("allOf", ())]
    own = {name: value for name, value in schema.items() if name not in ("allOf", "anyOf", "oneOf")}
    alternatives = schema.get("anyOf") or schema.get("oneOf") or ()
    if alternatives:
        parts.append(min((_resolved(one, root) for one in alternatives), key=_is_null))
    if parts:
        return synthesize(_joined([own, *parts]), root, depth + 1)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind is None:
        kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
    make = _MAKERS.get(kind)
    return None if make is None else make(schema, root, depth)


def _is_null(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "null"


def _resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(DEEPEST):
        if not isinstance(schema, Mapping):
            return {}
        if "$ref" not in schema:
            return schema
        schema = _target(schema["$ref"], root)
    return {}


def _target(reference: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = root
    for step in str(reference).removeprefix("#").strip("/").split("/"):
        if step:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _joined(schemas: list[Any]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for schema in schemas:
        properties = {**joined.get("properties", {}), **schema.get("properties", {})}
        required = [*joined.get("required", ()), *schema.get("required", ())]
        joined |= schema
        joined |= {"properties": properties} if properties else {}
        joined |= {"required": list(dict.fromkeys(required))} if required else {}
    return joined


def _object(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> dict[str, Any]:
    properties = schema.get("properties", {})
    return {
        name: synthesize(properties.get(name, {"type": "string"}), root, depth + 1)
        for name in schema.get("required", ())
    }


def _array(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> list[Any]:
    first = schema.get("prefixItems", ())
    count = max(schema.get("minItems", 1), len(first))
    count = min(count, schema.get("maxItems", count))
    if depth >= DEEPEST - 1:
        count = min(count, schema.get("minItems", 0))
    kinds = [*first, *[schema.get("items", {"type": "string"})] * count][:count]
    values = [synthesize(kind, root, depth + 1) for kind in kinds]
    return _different(values) if schema.get("uniqueItems") else values


def _different(values: list[Any]) -> list[Any]:
    """The same values, the later ones altered where they would be equal."""
    return [
        value + at
        if isinstance(value, int)
        else f"{value}{at or ''}"
        if isinstance(value, str)
        else value
        for at, value in enumerate(values)
    ]


def _string(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> str:
    del root, depth
    text = _FORMATS.get(schema.get("format", ""), "text")
    least, most = schema.get("minLength", 0), schema.get("maxLength", len(text))
    return text.ljust(least, "x")[: max(most, least)]


def _integer(schema: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> int:
    return math.ceil(_number(schema, root, depth, 1))


def _number(
    schema: Mapping[str, Any], root: Mapping[str, Any], depth: int, step: float = 0.5
) -> float:
    del root, depth
    least, most = schema.get("minimum"), schema.get("maximum")
    over, under = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if over is not None and under is not None and under - over <= step:
        step = (under - over) / 2
    value = 1.0
    value = value if most is None else min(value, most)
    value = value if under is None else min(value, under - step)
    value = value if least is None else max(value, least)
    value = value if over is None else max(value, over + step)
    multiple = schema.get("multipleOf")
    return math.ceil(value / multiple) * multiple if multiple else value


_MAKERS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any], int], Any]] = {
    "array": _array,
    "boolean": lambda *_: True,
    "integer": _integer,
    "number": _number,
    "object": _object,
    "string": _string,
}
