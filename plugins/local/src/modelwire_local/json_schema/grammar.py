"""The schema that the engine makes a grammar of: checked, and in terms that it takes.

Its grammars hold types, properties, items, choices, lengths, bounds of whole numbers and simple
patterns. What they leave out, the finished value is checked for (`conformity`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modelwire.errors import InvalidRequest
from modelwire_local.json_schema.keywords import (
    EXPECTED,
    UNKNOWN_TO_THE_CHECK,
    pointed_at,
    subschemas,
)

__all__ = ["check_schema", "grammar_schema"]

# The engine gives a pattern up, and warns on the terminal, for anchors inside, escaped letters and
# groups of special kinds.
_SIMPLE_PATTERN = re.compile(
    r"""\^ (?: [^\\()\[\]^$] | \\[^a-zA-Z0-9] | \((?!\?)|\(\?: | \) | \[\^?(?:[^\\\[\]]|\\[^a-zA-Z0-9])+\] )* \$""",
    re.VERBOSE,
)


def check_schema(schema: Mapping[str, Any], place: str) -> None:
    """Make sure that a schema can be followed: by the grammar, or by the check afterwards.

    Args:
        schema: The schema.
        place: Where it is in the request, for errors.

    Raises:
        InvalidRequest: It is not a JSON Schema, or a keyword in it is not supported. It names the
            place.
    """
    _check(schema, schema, place)


def _check(schema: Any, root: Mapping[str, Any], place: str) -> None:
    if isinstance(schema, bool):
        if not schema:
            raise _refusal(place, "is false, which no value fits")
        return
    for name, value in schema.items():
        here = f"{place}.{name}"
        if name in UNKNOWN_TO_THE_CHECK:
            raise _refusal(here, "is not supported by this engine")
        check, expected = EXPECTED.get(name, (None, ""))
        if check is not None and not check(value):
            raise _refusal(here, f"must be {expected}")
        if name == "pattern" and not _compiles(value):
            raise _refusal(here, "is not a regular expression that can be checked")
        if name == "$ref" and pointed_at(value, root) is None:
            raise _refusal(here, "must point to a schema in the same document, below its root")
        if name == "patternProperties" and not all(map(_compiles, value)):
            raise _refusal(here, "has a name that is not a regular expression that can be checked")
    for path, inner in subschemas(schema):
        if inner is not False or path[0] not in {"additionalProperties", "items", "not", "then"}:
            steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
            _check(inner, root, place + "".join(steps))


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _refusal(place: str, why: str) -> InvalidRequest:
    hint = "Write the schema in other terms, or choose another model."
    return InvalidRequest(f"The schema at {place} {why}.", hint=hint)


def grammar_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A checked schema without what the engine refuses or warns of; it allows more, never less."""
    written = {
        name: _inside(name, value)
        for name, value in schema.items()
        if not (name == "pattern" and _SIMPLE_PATTERN.fullmatch(value) is None)
    }
    # The engine takes a schema for an object's properties where any are given, and combines those
    # of `allOf` alone.
    match written.get("allOf"):
        case [{} as only]:
            del written["allOf"]
            written = {**only, **written}
    if written.get("items") is False:
        del written["items"]
        written["maxItems"] = len(written.get("prefixItems", ()))
    return written


def _inside(name: str, value: Any) -> Any:
    """The value of a keyword, with the schemas in it rewritten."""
    inner = dict(subschemas({name: value}))
    if not inner:
        return value
    if (name,) in inner:
        return _any(value) if name != "additionalProperties" else _additional(value)
    if isinstance(value, Mapping):
        return {key: _any(schema) for key, schema in value.items()}
    return [_any(schema) for schema in value]


def _any(schema: Any) -> Any:
    if schema is True:
        return {}
    return grammar_schema(schema) if isinstance(schema, Mapping) else schema


def _additional(schema: Any) -> Any:
    return grammar_schema(schema) if isinstance(schema, Mapping) else schema
