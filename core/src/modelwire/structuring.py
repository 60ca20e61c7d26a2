"""From plain JSON data to typed objects, strictly, with every problem named by its path.

cattrs does the work. Out of the box it turns `"5"` into 5, `5` into `"5"` and a string into a list
of its characters; a document that people write by hand deserves an error instead. The converter
made here never coerces, reads `camelCase` keys into `snake_case` attributes, and `problems_of`
flattens what cattrs raises into a list of paths and sentences.

An attribute of an attrs class can say more in its metadata: `{"key": "..."}` gives it another key
than its name in camel case, `{"rest": True}` makes it a dict of all keys that the class does not
know, and `{"read": False}` keeps it out of the document altogether.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum, StrEnum
from functools import partial
from typing import Any, Literal, NoReturn, get_args, get_origin

import attrs
from cattrs import BaseConverter, BaseValidationError, Converter
from cattrs.errors import (
    AttributeValidationNote,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

from modelwire.errors import Problem

__all__ = [
    "Converter",
    "Mistake",
    "describe",
    "keys_of",
    "make_converter",
    "mistakes_in",
    "problems_of",
    "to_camel",
]

_NAMES = {str: "a string", bool: "true or false", int: "a whole number", float: "a number"}


_NOTHING = object()


class Mistake(ValueError):
    """A value that is not what the document's schema asks for.

    As text it is the whole story; the two halves are there for those who must not show the value.

    Attributes:
        expected: What is allowed.
        found: The value, where the message is to name it.
    """

    def __init__(self, expected: str, found: Any = _NOTHING) -> None:
        super().__init__(expected)
        self.expected = expected
        self.found = found

    def __str__(self) -> str:
        return self.tell(describe)

    def tell(self, show: Callable[[Any], str]) -> str:
        """Say it, with the value shown in another way."""
        if self.found is _NOTHING:
            return self.expected
        separator = "; " if "," in self.expected else ", "
        return f"{self.expected}{separator}found {show(self.found)}"


def to_camel(name: str) -> str:
    """Turn `context_window` into `contextWindow`; a trailing underscore is dropped."""
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def describe(value: object) -> str:
    """Show a value of a document in an error: as JSON, shortened; of an object or list the kind."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


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
        rest = next((_key_of(a) for a in fields if _is_rest(a)), None)

        def structure(value: Any, target: type) -> Any:
            if not isinstance(value, Mapping):
                raise Mistake("expected an object", value)
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
        rest = next((_key_of(a) for a in fields if _is_rest(a)), None)

        def unstructure(value: Any) -> dict[str, Any]:
            data = inner(value)
            return {**data.pop(rest), **data} if rest is not None else data

        return unstructure

    converter.register_structure_hook_factory(attrs.has, structure_class)
    converter.register_unstructure_hook_factory(attrs.has, unstructure_class)
    return converter


def keys_of(cls: type) -> dict[str, attrs.Attribute[Any]]:
    """The keys that an attrs class reads from a document, and the attributes that they fill."""
    fields = attrs.fields(attrs.resolve_types(cls))
    return {_key_of(a): a for a in fields if _is_read(a) and not _is_rest(a)}


def problems_of(error: BaseException, root: Sequence[str | int] = ()) -> list[Problem]:
    """Flatten what a converter raised into problems, in the order of the schema."""
    return [Problem(_render(path), str(mistake)) for path, mistake in mistakes_in(error, root)]


def mistakes_in(
    error: BaseException, root: Sequence[str | int] = ()
) -> Iterator[tuple[tuple[str | int, ...], Mistake]]:
    """Flatten what a converter raised into paths, as keys and indexes, and mistakes."""
    path = tuple(root)
    if not isinstance(error, BaseValidationError):
        yield path, _as_mistake(error)
        return
    for child in error.exceptions:
        yield from mistakes_in(child, path + _step(child, error.cl))


def _overrides(fields: Iterable[attrs.Attribute[Any]]) -> dict[str, Any]:
    return {
        a.name: override(
            rename=_key_of(a), omit=not _is_read(a) or None, omit_if_default=a.default is None
        )
        for a in fields
    }


def _is_read(attribute: attrs.Attribute[Any]) -> bool:
    return attribute.metadata.get("read", True) is True


def _is_rest(attribute: attrs.Attribute[Any]) -> bool:
    return attribute.metadata.get("rest", False) is True


def _key_of(attribute: attrs.Attribute[Any]) -> str:
    return str(attribute.metadata.get("key") or to_camel(attribute.name))


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
        raise Mistake(f"expected {_NAMES[kind]}", value)

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
    raise Mistake(f"expected one of {choices}", value)


def _list_hook(target: Any, converter: BaseConverter) -> Callable[[Any, Any], Any]:
    origin, item_type = get_origin(target), get_args(target)[0]
    structure_item = converter.get_structure_hook(item_type)

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, list):
            raise Mistake("expected a list", value)
        items = _structure_each(enumerate(value), structure_item, item_type)
        return tuple(items.values()) if origin is tuple else list(items.values())

    return structure


def _dict_hook(target: Any, converter: BaseConverter) -> Callable[[Any, Any], Any]:
    item_type = get_args(target)[1]
    structure_item = converter.get_structure_hook(item_type)

    def structure(value: Any, _: Any) -> Any:
        if not isinstance(value, Mapping):
            raise Mistake("expected an object", value)
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


def _step(error: BaseException, parent: Any) -> tuple[str | int, ...]:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            return (_key_of(attrs.fields_dict(parent)[note.name]),)
        if isinstance(note, IterableValidationNote):
            return (note.index,)
    return ()


def _as_mistake(error: BaseException) -> Mistake:
    if isinstance(error, Mistake):
        return error
    if isinstance(error, KeyError):
        return Mistake(f"missing the key {json.dumps(str(error.args[0]))}")
    return Mistake(str(error) or type(error).__name__)


def _render(path: Sequence[str | int]) -> str:
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("-", "").replace("_", "").isalnum():
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text
