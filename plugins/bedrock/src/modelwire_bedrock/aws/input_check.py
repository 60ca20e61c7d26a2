"""The input check: whether arguments follow a shape of botocore, and can be written as they are.

botocore's validator and serializer consult the service model for each value. A check is made of the
model once. It says yes only where both would take the arguments, and where the JSON of the arguments
themselves is what botocore writes; all others are passed to botocore, which also names the mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from math import isfinite
from typing import Any

__all__ = ["Check", "body_check"]

Check = Callable[[Any], bool]


class _WrittenOtherwise(Exception):
    """botocore does not write values of a shape as they are."""


def body_check(shape: Any) -> tuple[Check, frozenset[str]] | None:
    """The check of the arguments of an operation whose body is JSON.

    Args:
        shape: botocore's model of the input.

    Returns:
        The check of what is in the body, and the names of the arguments that are not; `None` where
        botocore writes some of it in another form, as times.
    """
    if shape is None or "payload" in shape.serialization:
        return None
    elsewhere = frozenset(
        name for name, member in shape.members.items() if "location" in member.serialization
    )
    try:
        takes = _structure(shape, {}, without=elsewhere)
    except _WrittenOtherwise:
        return None

    def check(value: Any) -> bool:
        # botocore leaves out an argument that is `None`; further inside it writes `null`.
        return takes(value) and None not in value.values()

    return check, elsewhere


def _check(shape: Any, known: dict[str, list[Check]]) -> Check:
    """The check of a shape; `known` has those of the shapes around it, which it may contain again."""
    if shape.name in known:
        around = known[shape.name]

        def again(value: Any) -> bool:
            return around[0](value)

        return again
    known[shape.name] = cell = []
    if shape.type_name == "structure":
        made = _document if shape.is_document_type else _structure(shape, known)
    elif shape.type_name in _MAKERS:
        made = _MAKERS[shape.type_name](shape, known)
    else:
        raise _WrittenOtherwise
    cell.append(made)
    del known[shape.name]
    return made


def _structure(
    shape: Any, known: dict[str, list[Check]], without: frozenset[str] = frozenset()
) -> Check:
    members = {}
    for name, member in shape.members.items():
        if name in without:
            continue
        if member.serialization.get("name", name) != name or "jsonvalue" in member.serialization:
            raise _WrittenOtherwise
        members[name] = _check(member, known)
    required = [name for name in shape.metadata.get("required", ()) if name not in without]
    one_of = shape.is_tagged_union
    find = members.get

    def check(value: Any) -> bool:
        if type(value) is not dict or (one_of and len(value) != 1):
            return False
        for name in required:
            if name not in value:
                return False
        for name, item in value.items():
            member = find(name)
            if member is _is_text:  # as most are; a call would take longer than the rest
                if type(item) is not str:
                    return False
            elif member is None or not member(item):
                return False
        return True

    return check


def _list(shape: Any, known: dict[str, list[Check]]) -> Check:
    item_check, least = _check(shape.member, known), _least(shape)

    def check(value: Any) -> bool:
        if type(value) not in _LISTS or len(value) < least:
            return False
        for item in value:  # noqa: SIM110 - a generator would be slower
            if not item_check(item):
                return False
        return True

    return check


def _map(shape: Any, known: dict[str, list[Check]]) -> Check:
    key_check, value_check = _check(shape.key, known), _check(shape.value, known)

    def check(value: Any) -> bool:
        return type(value) is dict and all(
            key_check(key) and value_check(item) for key, item in value.items()
        )

    return check


def _string(shape: Any, _: object) -> Check:
    least = _least(shape)
    if not least:
        return _is_text
    return lambda value: type(value) is str and len(value) >= least


def _is_text(value: Any) -> bool:
    return type(value) is str


def _integer(shape: Any, _: object) -> Check:
    least = shape.metadata.get("min")
    return lambda value: type(value) is int and (least is None or value >= least)


def _float(shape: Any, _: object) -> Check:
    least = shape.metadata.get("min")
    return lambda value: (
        type(value) in _NUMBERS and isfinite(value) and (least is None or value >= least)
    )


def _boolean(_: object, __: object) -> Check:
    return lambda value: type(value) is bool


def _blob(_: object, __: object) -> Check:
    return lambda value: type(value) is bytes


def _document(value: Any) -> bool:
    """Whether a value is JSON."""
    kind = type(value)
    if kind is str or kind is bool or kind is int or value is None:
        return True
    if kind is dict:
        return _KEYS.issuperset(map(type, value)) and _documents(value.values())
    if kind is list:
        return _documents(value)
    return kind is float and isfinite(value)


def _documents(values: Collection[Any]) -> bool:
    return _PLAIN.issuperset(map(type, values)) or all(map(_document, values))


_KEYS = frozenset({str})
_PLAIN = frozenset({str, bool, int, type(None)})
"""The types of values that are JSON whatever they are."""


def _least(shape: Any) -> int:
    least: int = shape.metadata.get("min", 0)
    return least


_LISTS = (list, tuple)
_NUMBERS = (float, int)
_MAKERS: Mapping[str, Callable[[Any, dict[str, list[Check]]], Check]] = {
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _integer,
    "long": _integer,
    "float": _float,
    "double": _float,
    "boolean": _boolean,
    "blob": _blob,
}
