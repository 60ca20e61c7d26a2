"""Validation of deltas: the types of their fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, NoReturn, TypeVar, get_args

from attrs import evolve, fields, frozen

from modelwire._plugin_hints import plugin_hint
from modelwire.errors import PluginError
from modelwire.events.deltas import (
    ArgumentsDelta,
    BlockEnd,
    CitationDelta,
    Diagnostic,
    RedactedThinkingDelta,
    ResponseInfo,
    SignatureDelta,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCallStart,
    UsageReport,
)
from modelwire.messages import Citation, CitationKind, CitationUnit, Cost, StopReason, Usage

__all__ = ["UNREADABLE_USAGE", "cost_mistake", "refuse_delta", "usage_mistake", "validated"]

UNREADABLE_USAGE = "unreadable_usage"
"""The type of the diagnostic that replaces an invalid usage."""

D = TypeVar("D", bound=Any)

_USAGE = tuple(attribute.name for attribute in fields(Usage))
_COST = tuple(attribute.name for attribute in fields(Cost))

_LARGEST = 2**53
"""The largest number of tokens and position: larger numbers are not exact in JSON."""


def validated(delta: D, plugin: str) -> D:
    """Check the type of every field of a delta.

    Args:
        delta: The delta of a plugin.
        plugin: The plugin's package, for the error.

    Returns:
        The delta. Texts, bytes and numbers of a subclass are replaced by plain ones, so that no
        object of the plugin ends up in messages.

    Raises:
        PluginError: It is not a delta, or a field has a wrong type. The error names
            only the types, since a value may hold anything.
    """
    kinds = _FIELDS.get(type(delta))
    if kinds is None:
        refuse_delta(plugin, f"{type(delta).__name__} is not a delta")
    changed: dict[str, Any] = {}
    for name, kind in kinds.items():
        value = getattr(delta, name)
        if type(value) in kind.types:
            continue
        try:
            plain = kind.plain(value)
        except TypeError as error:
            place = f"{type(delta).__name__}.{name}"
            detail = str(error) or f"not {_found(value)}"
            refuse_delta(plugin, f"{place} must be {kind.expected}, {detail}")
        if plain is not value:
            changed[name] = plain
    return evolve(delta, **changed) if changed else delta


def refuse_delta(plugin: str, mistake: str) -> NoReturn:
    """Raise the error for a wrong delta of a plugin."""
    msg = f"{plugin} yielded a wrong delta: {mistake}."
    raise PluginError(msg, hint=plugin_hint(plugin))


def usage_mistake(usage: Usage) -> str | None:
    """The inconsistency of a usage, as a clause; `None` if there is none."""
    for name in _USAGE:
        value = getattr(usage, name)
        if type(value) is int and 0 <= value <= _LARGEST:
            continue
        if name == "cost" or (name == "reasoning" and value is None):
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            return f"{name} is {_found(value)} and not a whole number"
        if not 0 <= value <= _LARGEST:
            return f"{name} is not a number of tokens"
    return None if usage.cost is None else cost_mistake(usage.cost)


def cost_mistake(cost: object) -> str | None:
    """The inconsistency of a cost, as a clause; `None` if there is none."""
    if not isinstance(cost, Cost):
        return f"cost is {_found(cost)}"
    for name in _COST:
        value = getattr(cost, name)
        if type(value) is float and 0 <= value <= _LARGEST:
            continue
        if not isinstance(value, int | float) or isinstance(value, bool):
            return f"cost.{name} is {_found(value)} and not a number"
        if not 0 <= value <= _LARGEST:
            return f"cost.{name} is not an amount of money"
    return None


@frozen
class _Kind:
    """The values that a field accepts.

    Attributes:
        expected: The values in words.
        plain: Converts a value to its plain type; it raises `TypeError` where the value is not
            valid, with a clause about it or without.
        types: Types whose values are all valid unchanged.
    """

    expected: str
    plain: Callable[[Any], Any]
    types: tuple[type, ...] = ()


def _plain_int(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value if type(value) is int else int.__int__(value)


def _plain_place(value: object) -> int:
    plain = _plain_int(value)
    if not 0 <= plain <= _LARGEST:
        raise TypeError
    return plain


def _plain_str(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    # `str(value)` would call the subclass's own method.
    return value if type(value) is str else str.__str__(value)


def _plain_str_or_none(value: object) -> str | None:
    return None if value is None else _plain_str(value)


def _plain_bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError
    return value if type(value) is bytes else bytes.__getitem__(value, slice(None))


def _citation(value: object) -> Citation:
    if not isinstance(value, Citation):
        raise TypeError
    changed: dict[str, Any] = {}
    for attribute in fields(Citation):
        name, held = attribute.name, getattr(value, attribute.name)
        known = _CITATION_WORDS.get(name)
        if held is None and name != "kind":
            continue
        if known is not None and held not in known:
            msg = f"whose {name} is {_found(held)} and none of {', '.join(known)}"
            raise TypeError(msg)
        try:
            plain = _plain_place(held) if name in _CITATION_NUMBERS else _plain_str(held)
        except TypeError:
            msg = f"whose {name} is {_found(held)}"
            raise TypeError(msg) from None
        if plain is not held:
            changed[name] = plain
    return evolve(value, **changed) if changed else value


def _usage(value: object) -> Usage:
    if not isinstance(value, Usage):
        raise TypeError
    return value


def _reason(value: object) -> StopReason:
    if not isinstance(value, StopReason) or value in (StopReason.ERROR, StopReason.ABORTED):
        raise TypeError
    return value


def _json_object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    _check_json(value)
    return value


def _check_json(data: dict[Any, Any]) -> None:
    """Check that data consists of JSON types; numbers and depth are checked by the assembler."""
    seen: set[int] = set()
    rest: list[Any] = [data]
    while rest:
        value = rest.pop()
        if value is None or isinstance(value, str | int | float) or id(value) in seen:
            continue
        if not isinstance(value, dict | list | tuple):
            msg = f"and holds {_found(value)}"
            raise TypeError(msg)
        seen.add(id(value))
        if isinstance(value, dict):
            wrong = [key for key in value if not isinstance(key, str)]
            if wrong:
                msg = f"and has {_found(wrong[0])} as a key"
                raise TypeError(msg)
            rest += value.values()
        else:
            rest += value


def _found(value: object) -> str:
    if value is None:
        return "None"
    if isinstance(value, StopReason):
        return f"StopReason.{value.name}"
    return "a class" if isinstance(value, type) else type(value).__name__


_CITATION_WORDS = {"kind": get_args(CitationKind), "unit": get_args(CitationUnit)}
_CITATION_NUMBERS = frozenset({"index", "start", "end", "text_start", "text_end"})

_INDEX = _Kind("an int", _plain_int, (int,))
_TEXT = _Kind("a str", _plain_str, (str,))
_OPTIONAL = _Kind("a str or None", _plain_str_or_none, (str, NoneType))

_FIELDS: Mapping[type, Mapping[str, _Kind]] = {
    ResponseInfo: {
        "response_id": _OPTIONAL,
        "response_model": _OPTIONAL,
        "request_id": _OPTIONAL,
        "api": _OPTIONAL,
    },
    TextDelta: {"index": _INDEX, "text": _TEXT},
    CitationDelta: {"index": _INDEX, "citation": _Kind("a Citation", _citation)},
    ThinkingDelta: {"index": _INDEX, "text": _TEXT},
    SignatureDelta: {"index": _INDEX, "signature": _TEXT},
    RedactedThinkingDelta: {"index": _INDEX, "data": _Kind("bytes", _plain_bytes)},
    ToolCallStart: {"index": _INDEX, "id": _TEXT, "name": _TEXT},
    ArgumentsDelta: {"index": _INDEX, "fragment": _TEXT},
    BlockEnd: {"index": _INDEX},
    UsageReport: {"usage": _Kind("a Usage", _usage)},
    Stop: {
        "reason": _Kind("StopReason.STOP, LENGTH or TOOL_USE", _reason),
        "raw": _OPTIONAL,
    },
    Diagnostic: {"type": _TEXT, "data": _Kind("JSON data", _json_object)},
}
"""The fields of each delta, and their valid values."""
