"""The strict converter: it coerces nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from enum import Enum, StrEnum
from functools import partial
from typing import Any, Literal, NoReturn, get_args, get_origin

import attrs
from cattrs import BaseConverter, Converter
from cattrs.errors import IterableValidationError, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from modelwire.structuring.errors import ValueMistake
from modelwire.structuring.keys import is_read, is_rest, key_of, keys_of

__all__ = ["Converter", "make_converter"]

_NAMES = {str: "a string", bool: "true or false", int: "a whole number", float: "a number"}


def make_converter() -> Converter:
    """Make a converter that coerces nothing and reads `camelCase` keys."""
    converter = Converter(detailed_validation=True, forbid_extra_keys=False)
    for kind in (str, bool, int, float):
        converter.register_structure_hook(kind, _strict_scalar(kind))
    converter.register_structure_hook_func(partial(_has_origin, (Literal,)), _structure_literal)
    converter.register_structure_hook(Enum, _structure_enum)
    converter.register_unstructure_hook(StrEnum, lambda member: member.value)
    converter.register_structure_hook_factory(partial(_has_origin, (list, tuple)), _list_hook)
    converter.register_structure_hook_factory(partial(_has_origin, (dict,)), _dict_hook)

    def structure_class(cls: type) -> Callable[[Any, type], Any]:
        fields = attrs.fields(attrs.resolve_types(cls))
        inner: Callable[[Any, type], Any] = make_dict_structure_fn(
            cls, converter, **_overrides(fields)
        )
        known = keys_of(cls)
        rest = next((key_of(a) for a in fields if is_rest(a)), None)

        def structure(value: Any, target: type) -> Any:
            if not isinstance(value, Mapping):
                raise ValueMistake("expected an object", value)
            if rest is not None:
                unknown = {key: item for key, item in value.items() if key not in known}
                value = {key: item for key, item in value.items() if key in known}
                value[rest] = unknown
            return inner(value, target)

        return structure

    def unstructure_class(cls: type) -> Callable[[Any], dict[str, Any]]:
        fields = attrs.fields(attrs.resolve_types(cls))
        inner: Callable[[Any], dict[str, Any]] = make_dict_unstructure_fn(
            cls, converter, **_overrides(fields)
        )
        rest = next((key_of(a) for a in fields if is_rest(a)), None)

        def unstructure(value: Any) -> dict[str, Any]:
            data = inner(value)
            return {**data.pop(rest), **data} if rest is not None else data

        return unstructure

    converter.register_structure_hook_factory(attrs.has, structure_class)
    converter.register_unstructure_hook_factory(attrs.has, unstructure_class)
    return converter


def _overrides(fields: Iterable[attrs.Attribute[Any]]) -> dict[str, Any]:
    return {
        a.name: override(
            rename=key_of(a), omit=not is_read(a) or None, omit_if_default=a.default is None
        )
        for a in fields
    }


def _has_origin(origins: tuple[Any, ...], target: Any) -> bool:
    return get_origin(target) in origins


def _strict_scalar(kind: type) -> Callable[[Any, type], Any]:
    def structure(value: Any, target: type) -> Any:
        if issubclass(target, Enum):  # cattrs asks the hook for str about a StrEnum
            return _structure_enum(value, target)
        if type(value) is kind:
            return value
        if kind is float and type(value) is int:
            return float(value)
        raise ValueMistake(f"expected {_NAMES[kind]}", value)

    return structure


def _structure_enum(value: Any, target: type[Enum]) -> Enum:
    for member in target:
        if type(value) is type(member.value) and value == member.value:
            return member
    return _refuse_choice(value, [member.value for member in target])


def _structure_literal(value: Any, target: Any) -> Any:
    allowed = get_args(target)
    if any(type(value) is type(choice) and value == choice for choice in allowed):
        return value
    return _refuse_choice(value, allowed)


def _refuse_choice(value: object, allowed: Iterable[object]) -> NoReturn:
    choices = ", ".join(json.dumps(choice) for choice in allowed)
    raise ValueMistake(f"expected one of {choices}", value)


def _list_hook(target: Any, converter: BaseConverter) -> Callable[[Any, Any], Any]:
    origin, item_type = get_origin(target), get_args(target)[0]
    structure_item = converter.get_structure_hook(item_type)

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, list):
            raise ValueMistake("expected a list", value)
        items = _structure_each(enumerate(value), structure_item, item_type)
        return tuple(items.values()) if origin is tuple else list(items.values())

    return structure


def _dict_hook(target: Any, converter: BaseConverter) -> Callable[[Any, Any], Any]:
    item_type = get_args(target)[1]
    structure_item = converter.get_structure_hook(item_type)

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValueMistake("expected an object", value)
        return _structure_each(value.items(), structure_item, item_type)

    return structure


def _structure_each(
    items: Iterable[tuple[Any, Any]], structure_item: Callable[[Any, Any], Any], item_type: Any
) -> dict[Any, Any]:
    results, failures = {}, []
    for key, value in items:
        try:
            results[key] = structure_item(value, item_type)
        except Exception as error:  # noqa: BLE001 - each becomes a Problem with its place
            error.add_note(IterableValidationNote(f"at {key!r}", key, item_type))
            failures.append(error)
    if failures:
        msg = "some items are wrong"
        raise IterableValidationError(msg, failures, item_type)
    return results
