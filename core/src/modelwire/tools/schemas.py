"""JSON Schemas from type hints, in the plain form that every provider accepts.

msgspec describes the types; its output is then simplified, because providers read no more
than a part of JSON Schema: references are inlined (except for recursive types),
titles are left out, and fixed tuples become lists of a fixed length. Pydantic models describe and
read themselves; they are recognized by their methods, so that Pydantic is not required.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

import msgspec

__all__ = ["describe_answer", "describe_type", "describe_types", "read_value", "reason"]

_Schema = dict[str, Any]
_REF = "#/$defs/"
_PYDANTIC = ("model_json_schema", "model_validate")


def describe_types(types: Iterable[Any]) -> tuple[list[_Schema], _Schema]:
    """Describe types, in order.

    Returns:
        A schema for each, and the definitions to which they refer: those of recursive types.

    Raises:
        TypeError: A type cannot be described; the message names it.
    """
    custom = _CustomTypes()
    schemas, definitions = msgspec.json.schema_components(types, schema_hook=custom.describe)
    plain = _Plain({**definitions, **custom.definitions})
    described = [plain.schema(schema) for schema in schemas]
    return described, plain.kept()


def describe_type(kind: Any) -> _Schema:
    """Describe a type in one schema, with the definitions that it needs.

    Args:
        kind: A dataclass, an attrs class, a `TypedDict`, a Pydantic model, or any other type that a
            parameter of a tool may have.

    Raises:
        TypeError: It cannot be described; the message says why.
    """
    (schema,), definitions = describe_types([kind])
    return {**schema, "$defs": definitions} if definitions else schema


def describe_answer(kind: Any) -> _Schema:
    """Describe a type as the form of an answer, such that services can enforce the schema.

    They do that where every object is closed and has all its properties, so that nothing is optional
    in it, as there is for the arguments of a tool: fields with a default are required as well.

    Args:
        kind: As for `describe_type`.

    Raises:
        TypeError: It cannot be described; the message says why.
    """
    return _closed(describe_type(kind))


def reason(error: Exception) -> str:
    """Why a type cannot be described: the last line of msgspec's message, which names the type."""
    return (str(error).splitlines() or [type(error).__name__])[-1]


def _closed(schema: _Schema) -> _Schema:
    closed: _Schema = {}
    for key, value in schema.items():
        if key in {"properties", "$defs"}:
            closed[key] = {name: _closed(item) for name, item in value.items()}
        elif key in {"items", "additionalProperties"} and isinstance(value, dict):
            closed[key] = _closed(value)
        elif key in {"anyOf", "oneOf", "allOf"}:
            # Types exclude each other; and `oneOf` is taken by fewer services.
            closed["anyOf" if key == "oneOf" else key] = [_closed(item) for item in value]
        elif key != "default":
            closed[key] = value
    if "properties" in closed and closed.get("additionalProperties", False) is False:
        closed |= {"required": list(closed["properties"]), "additionalProperties": False}
    return closed


def read_value(kind: Any, value: Any) -> Any:
    """Read JSON data as a type; nothing is coerced, but `5.0` is a whole number, as JSON has it.

    A Pydantic model reads its data itself, by its own rules.

    Raises:
        ValueError: The data does not fit; the message names the place.
    """
    return msgspec.convert(_with_integers(value), kind, str_keys=True, dec_hook=_read_custom)


class _CustomTypes:
    """Describes types that msgspec does not know, and collects the definitions of their schemas.

    Attributes:
        definitions: The definitions, by names that no two classes share.
    """

    def __init__(self) -> None:
        self.definitions: dict[str, _Schema] = {}
        self._described: dict[Any, _Schema] = {}

    def describe(self, kind: Any) -> _Schema:
        if inspect.isclass(kind) and issubclass(kind, PurePath):
            return {"type": "string"}
        if not _is_pydantic(kind):
            raise NotImplementedError
        if kind not in self._described:
            schema: _Schema = dict(kind.model_json_schema())
            own = schema.pop("$defs", {})
            names = {name: self._free(name, own) for name in own}
            self.definitions |= {names[name]: _renamed(own[name], names) for name in own}
            self._described[kind] = _renamed(schema, names)
        return self._described[kind]

    def _free(self, name: str, own: Mapping[str, Any]) -> str:
        """A name that msgspec gives to no class, and that is not in use."""
        free = f"{name}.1"
        while free in self.definitions or free in own:
            stem, _, count = free.rpartition(".")
            free = f"{stem}.{int(count) + 1}"
        return free


def _is_pydantic(kind: Any) -> bool:
    """Whether it is a Pydantic model, which describes and reads itself."""
    return all(callable(getattr(kind, name, None)) for name in _PYDANTIC)


def _renamed(schema: Any, names: Mapping[str, str]) -> Any:
    """Rename the definitions in the references of a schema."""
    if isinstance(schema, list):
        return [_renamed(item, names) for item in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = reference.removeprefix(_REF)
        schema = {**schema, "$ref": f"{_REF}{names.get(name, name)}"}
    return {key: _renamed(item, names) for key, item in schema.items()}


def _read_custom(kind: type[Any], value: Any) -> Any:
    if _is_pydantic(kind):
        return _read_pydantic(kind, value)
    if not isinstance(value, str):
        msg = f"Expected `str`, got `{type(value).__name__}`"
        raise ValueError(msg)
    return kind(value)


def _read_pydantic(kind: Any, value: Any) -> Any:
    try:
        return kind.model_validate(value)
    except ValueError as error:
        listed = getattr(error, "errors", None)
        if listed is None:
            raise
        problems = [(".".join(map(str, each["loc"])), each["msg"]) for each in listed()]
        raise ValueError("; ".join(f"{at}: {why}" if at else why for at, why in problems)) from None


def _with_integers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, Mapping):
        return {key: _with_integers(item) for key, item in value.items()}
    return [_with_integers(item) for item in value] if isinstance(value, list) else value


class _Plain:
    """Simplifies schemas that share definitions."""

    def __init__(self, definitions: Mapping[str, _Schema]) -> None:
        self._definitions = definitions
        self._recursive: dict[str, None] = {}

    def schema(self, schema: _Schema, within: tuple[str, ...] = ()) -> _Schema:
        simplified = {key: value for key, value in schema.items() if key not in {"$ref", "title"}}
        simplified.pop("discriminator", None)
        reference = schema.get("$ref")
        if reference is not None:
            name = reference.removeprefix(_REF)
            if name in within:
                self._recursive[name] = None
                return {"$ref": reference}
            return {**self.schema(self._definitions[name], (*within, name)), **simplified}
        fixed = simplified.pop("prefixItems", None)
        if fixed is not None:
            items = [self.schema(item, within) for item in fixed]
            distinct = [item for n, item in enumerate(items) if item not in items[:n]]
            simplified["items"] = distinct[0] if len(distinct) == 1 else {"anyOf": distinct}
        elif isinstance(simplified.get("items"), dict):
            simplified["items"] = self.schema(simplified["items"], within)
        if isinstance(simplified.get("additionalProperties"), dict):
            simplified["additionalProperties"] = self.schema(
                simplified["additionalProperties"], within
            )
        for several in ("anyOf", "oneOf", "allOf"):
            if several in simplified:
                simplified[several] = [self.schema(item, within) for item in simplified[several]]
        if "properties" in simplified:
            simplified["properties"] = {
                name: self.schema(item, within) for name, item in simplified["properties"].items()
            }
        return _with_descriptions(simplified)

    def kept(self) -> _Schema:
        """The definitions of recursive types."""
        kept: _Schema = {}
        while missing := [name for name in self._recursive if name not in kept]:
            for name in missing:
                kept[name] = self.schema(self._definitions[name], (name,))
        return kept


def _with_descriptions(schema: _Schema) -> _Schema:
    """Add descriptions from a class's docstring to its fields."""
    text = schema.get("description")
    if text is None or "properties" not in schema:
        return schema
    from modelwire.structuring.docstrings import read_docstring  # which imports a parser of them

    docstring = read_docstring(text)
    properties = {
        name: {"description": docstring.parameters[name], **item}
        if name in docstring.parameters
        else item
        for name, item in schema["properties"].items()
    }
    return {**schema, "description": docstring.description, "properties": properties}
