"""The schema of an answer, as `--schema` takes it: a file, JSON, or a list of fields."""

from __future__ import annotations

import re
from typing import Any

import click

__all__ = ["fields_schema"]

_TYPES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "string": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}
_FIELD = re.compile(
    r"(?P<name>[A-Za-z_]\w*)(?:\s+(?P<type>\w+))?\s*(?::\s*(?P<about>.*))?", re.ASCII
)


def fields_schema(text: str) -> dict[str, Any] | None:
    """Make the JSON Schema of a list of fields, such as `name, age int, bio: one sentence`.

    Fields are separated by commas, or by lines where there are several. A field is a name, with a type
    (`str` where none is given, `int`, `float` or `bool`) and with a description after a colon.

    Args:
        text: The list.

    Returns:
        The schema of an object with all of the fields; `None` where the text is no such list.

    Raises:
        click.UsageError: A field has an unknown type, or comes twice.
    """
    parts = [part.strip() for part in re.split(r"\n" if "\n" in text.strip() else ",", text)]
    found = [_FIELD.fullmatch(part) for part in parts if part]
    fields = [each for each in found if each is not None]
    if not fields or len(fields) != len(found):
        return None
    properties: dict[str, Any] = {}
    for each in fields:
        name, kind = each["name"], (each["type"] or "str").lower()
        if kind not in _TYPES:
            msg = f"The field {name!r} of --schema has the type {kind!r}; use str, int, float or bool."
            raise click.UsageError(msg)
        if name in properties:
            msg = f"The field {name!r} comes twice in --schema."
            raise click.UsageError(msg)
        properties[name] = {"type": _TYPES[kind]}
        if each["about"]:
            properties[name]["description"] = each["about"].strip()
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
