"""JSON Schemas from type hints, in the plain form that every provider accepts.

msgspec describes the types; what it writes is then made simpler, because providers read no more
than a part of JSON Schema: references are put in place (only a type that holds itself keeps one),
titles are left out, and fixed tuples become lists of a fixed length.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from modelwire.structuring.docstrings import read_docstring

__all__ = ["describe_types", "read_value"]

_Schema = dict[str, Any]
_REF = "#/$defs/"


def describe_types(types: Iterable[Any]) -> tuple[list[_Schema], _Schema]:
    """Describe types, in order.

    Returns:
        A schema for each, and the definitions to which they refer: of types that hold themselves.

    Raises:
        TypeError: One cannot be described; the message says which.
    """
    import msgspec

    schemas, definitions = msgspec.json.schema_components(types, schema_hook=_describe_custom)
    plain = _Plain(definitions)
    described = [plain.schema(schema) for schema in schemas]
    return described, plain.kept()


def read_value(kind: type[Any], value: Mapping[str, Any]) -> Any:
    """Read JSON data as a type; nothing is coerced, but `5.0` is a whole number, as JSON has it.

    Raises:
        ValueError: The data does not fit; the message names the place.
    """
    import msgspec

    return msgspec.convert(_with_integers(value), kind, str_keys=True, dec_hook=_read_custom)


def _describe_custom(kind: type[Any]) -> _Schema:
    if inspect.isclass(kind) and issubclass(kind, PurePath):
        return {"type": "string"}
    raise NotImplementedError


def _read_custom(kind: type[Any], value: Any) -> Any:
    if not isinstance(value, str):
        msg = f"Expected `str`, got `{type(value).__name__}`"
        raise ValueError(msg)
    return kind(value)


def _with_integers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, Mapping):
        return {key: _with_integers(item) for key, item in value.items()}
    return [_with_integers(item) for item in value] if isinstance(value, list) else value


class _Plain:
    """Makes schemas plain that share definitions."""

    def __init__(self, definitions: Mapping[str, _Schema]) -> None:
        self._definitions = definitions
        self._recursive: dict[str, None] = {}

    def schema(self, schema: _Schema, within: tuple[str, ...] = ()) -> _Schema:
        said = {key: value for key, value in schema.items() if key not in {"$ref", "title"}}
        said.pop("discriminator", None)
        reference = schema.get("$ref")
        if reference is not None:
            name = reference.removeprefix(_REF)
            if name in within:
                self._recursive[name] = None
                return {"$ref": reference}
            return {**self.schema(self._definitions[name], (*within, name)), **said}
        fixed = said.pop("prefixItems", None)
        if fixed is not None:
            items = [self.schema(item, within) for item in fixed]
            distinct = [item for n, item in enumerate(items) if item not in items[:n]]
            said["items"] = distinct[0] if len(distinct) == 1 else {"anyOf": distinct}
        elif isinstance(said.get("items"), dict):
            said["items"] = self.schema(said["items"], within)
        if isinstance(said.get("additionalProperties"), dict):
            said["additionalProperties"] = self.schema(said["additionalProperties"], within)
        if "anyOf" in said:
            said["anyOf"] = [self.schema(item, within) for item in said["anyOf"]]
        if "properties" in said:
            said["properties"] = {
                name: self.schema(item, within) for name, item in said["properties"].items()
            }
        return _with_descriptions(said)

    def kept(self) -> _Schema:
        """The definitions of types that hold themselves."""
        kept: _Schema = {}
        while missing := [name for name in self._recursive if name not in kept]:
            for name in missing:
                kept[name] = self.schema(self._definitions[name], (name,))
        return kept


def _with_descriptions(schema: _Schema) -> _Schema:
    """Give the fields of a class what its docstring says of them."""
    text = schema.get("description")
    if text is None or "properties" not in schema:
        return schema
    said = read_docstring(text)
    properties = {
        name: {"description": said.parameters[name], **item} if name in said.parameters else item
        for name, item in schema["properties"].items()
    }
    return {**schema, "description": said.description, "properties": properties}
