"""The check of structured output: whether an answer is JSON that fits the root of its schema.

Servers that do not know `response_schema` ignore it silently, so that the answer itself has to be
checked. Only the root of the schema is compared, which distinguishes prose and other kinds of
values from the requested one; callers that need more validate the value themselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["UNSTRUCTURED_OUTPUT", "schema_mistake"]

UNSTRUCTURED_OUTPUT = "unstructured_output"
"""The type of the diagnostic of an answer that does not have the shape that was requested."""

_LONGEST_REFERENCES = 16

_IS: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: (
        (isinstance(value, int) and not isinstance(value, bool))
        or (isinstance(value, float) and value.is_integer())
    ),
}


def schema_mistake(text: str, schema: Mapping[str, Any]) -> str | None:
    """The mismatch between an answer's text and a schema, as a sentence; `None` if there is none.

    Args:
        text: The text of the answer.
        schema: The requested JSON Schema.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "The text is not JSON."
    root = _root(schema)
    wanted = root.get("type")
    types = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else []
    known = [name for name in types if isinstance(name, str) and name in _IS]
    if known and len(known) == len(types) and not any(_IS[name](value) for name in known):
        return f"The JSON is not of the type {' or '.join(known)}."
    required = root.get("required")
    if isinstance(value, dict) and isinstance(required, list):
        missing = [name for name in required if isinstance(name, str) and name not in value]
        if missing:
            return f"The JSON object lacks {', '.join(map(repr, missing))}."
    return None


def _root(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The effective schema, where the root only refers to one of its definitions."""
    found: Mapping[str, Any] = schema
    for _ in range(_LONGEST_REFERENCES):
        reference = found.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return found
        target: Any = schema
        for key in reference[2:].split("/"):
            name = key.replace("~1", "/").replace("~0", "~")
            target = target.get(name) if isinstance(target, Mapping) else None
        if not isinstance(target, Mapping):
            return {}
        found = target
    return {}
