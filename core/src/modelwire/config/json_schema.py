"""The configuration's schema as JSON Schema (draft 2020-12), for editors and other tools.

It is made from the attrs classes that the loader reads, with their docstrings as descriptions. Two
constraints it cannot express: that the variables behind `${VAR}` are set, and that no two providers
differ only in case.
"""

from __future__ import annotations

from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import attrs

from modelwire.config.providers import ModelConfig, ModelsConfig, ProviderConfig
from modelwire.config.schema import ModelChoice
from modelwire.config.structure import Sections
from modelwire.models import Prices
from modelwire.structuring import keys_of

__all__ = ["PLUGINS_MAY_READ", "config_schema"]

PLUGINS_MAY_READ = "x-plugins"
"""Marks an object whose unknown keys may belong to a plugin."""

_PLACEHOLDER = {"type": "string", "pattern": r"\$\{[A-Z_][A-Z0-9_]*\}"}
_NOT_BLANK = {"type": "string", "pattern": r"\S"}
_SCALARS = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    NoneType: "null",
}

# Objects that may be written as a single text.
_SHORTHANDS = {
    ModelConfig: {**_NOT_BLANK, "description": "The model's id."},
    ModelChoice: {"type": "string", "description": "The primary model: a reference or an alias."},
}

_ENV = {
    "type": ["object", "null"],
    "description": "Environment variables for modelwire; those of the process win.",
    "properties": {
        "vars": {"type": "object", "additionalProperties": {"type": "string"}},
        "shellEnv": {"description": "Ignored."},
    },
    "additionalProperties": {"type": "string"},
}


def config_schema(*, described: bool = True) -> dict[str, Any]:
    """Make the JSON Schema of the configuration.

    Args:
        described: Whether it includes the docstrings of the classes; reading them takes longer than
            everything else, and looking up paths does not need them.
    """
    maker = _Maker(described=described)
    sections = maker.properties(Sections)
    titles = {
        "models": "Providers, and the models that are described by hand.",
        "agents": "Which models to use, and how.",
        "plugins": "Settings of plugins.",
        "logs": "What the command line keeps.",
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The configuration of modelwire",
        "type": "object",
        "properties": {
            "$schema": {"description": "Where editors find this schema."},
            **{key: {**sections[key], "description": titles[key]} for key in sections},
            "env": _ENV,
        },
        "$defs": dict(sorted(maker.definitions.items())),
    }


class _Maker:
    def __init__(self, *, described: bool) -> None:
        self.definitions: dict[str, Any] = {}
        self._described = described

    def properties(self, cls: type) -> dict[str, Any]:
        _, descriptions = _docstring(cls) if self._described else ("", {})
        made = {}
        for key, attribute in keys_of(cls).items():
            made[key] = self.of(attribute.type)
            if attribute.name in descriptions:
                made[key] = {**made[key], "description": descriptions[attribute.name]}
        return made

    def of(self, kind: Any) -> dict[str, Any]:
        if origin := get_origin(kind):
            return self._generic(origin, get_args(kind))
        if kind is Any:
            return {}
        if isinstance(kind, type) and issubclass(kind, Enum):
            return _choice([member.value for member in kind])
        return self._reference(kind) if attrs.has(kind) else {"type": _SCALARS[kind]}

    def _generic(self, origin: Any, arguments: tuple[Any, ...]) -> dict[str, Any]:
        if origin is Annotated:  # a number is annotated as one above 0
            made = self.of(arguments[0])
            return {**made, "exclusiveMinimum": 0} if arguments[0] in (int, float) else made
        if origin in (Union, UnionType):
            return _any_of([self.of(argument) for argument in arguments])
        if origin is Literal:
            return _choice(arguments)
        if origin is dict:
            items = self.of(arguments[1])
            return {"type": "object", **({"additionalProperties": items} if items else {})}
        return {"type": "array", "items": self.of(arguments[0])}

    def _reference(self, cls: type) -> dict[str, Any]:
        name = cls.__name__
        if name not in self.definitions:
            self.definitions[name] = {}  # a class that holds itself would come here again
            made = self._class(cls)
            shorthand = _SHORTHANDS.get(cls)
            self.definitions[name] = {"anyOf": [shorthand, made]} if shorthand else made
        return {"$ref": f"#/$defs/{name}"}

    def _class(self, cls: type) -> dict[str, Any]:
        properties = self.properties(cls)
        made: dict[str, Any] = {"type": "object"}
        if self._described:
            made["description"], _ = _docstring(cls)
        made["properties"] = properties
        keys = keys_of(cls)
        if required := [key for key, item in keys.items() if item.default is attrs.NOTHING]:
            made["required"] = required
        if any(item.metadata.get("plugins") for item in attrs.fields(cls)):
            made[PLUGINS_MAY_READ] = True
        if cls is ModelConfig:
            properties["id"] = {**properties["id"], **_NOT_BLANK}
        elif cls is Prices:
            for price in properties.values():
                price["minimum"] = 0
        elif cls is ModelsConfig:
            properties["providers"]["propertyNames"] = _NOT_BLANK
        elif cls is ProviderConfig and self._described:
            made["description"] = "A provider. What a key does not say, its plugin decides."
        return made


def _choice(values: Any) -> dict[str, Any]:
    return {"anyOf": [{"enum": list(values)}, _PLACEHOLDER]}


def _any_of(choices: list[dict[str, Any]]) -> dict[str, Any]:
    """Join choices; those that differ in their type alone, in one list of types."""
    simple = [item for item in choices if set(item) <= {"type", "exclusiveMinimum"}]
    if len(simple) == len(choices):
        types = [item["type"] for item in choices]
        joined = {key: value for item in choices for key, value in item.items()}
        return {**joined, "type": types}
    if {"type": "null"} in choices and len(choices) == 2:
        (other,) = (item for item in choices if item != {"type": "null"})
        if isinstance(other.get("type"), str):
            return {**other, "type": [other["type"], "null"]}
    return {"anyOf": choices}


@cache
def _docstring(cls: type) -> tuple[str, dict[str, str]]:
    """The description of a class and those of its attributes, each as one line in terms of JSON."""
    from modelwire.structuring.docstrings import read_docstring

    docstring = read_docstring(cls.__doc__)
    attributes = {name: _in_json(text) for name, text in docstring.parameters.items()}
    return _in_json(docstring.description), attributes


def _in_json(text: str) -> str:
    return " ".join(text.replace("`None`", "`null`").split())
