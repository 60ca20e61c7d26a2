"""Forms of tools: what callers may give where a tool is due."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

from modelwire.errors import InvalidMessage
from modelwire.messages import Tool
from modelwire.tools.function import FunctionTool, tool_from

__all__ = ["ToolLike", "declarations", "read_tools"]

ToolLike = Callable[..., Any] | FunctionTool | Tool | Mapping[str, Any]
"""A function, a `FunctionTool`, a `Tool`, or a dictionary in the form of Chat Completions."""

_HINT = (
    "A tool is a function with type hints, what `tool_from` makes of one, a Tool, or a dictionary "
    'such as {"type": "function", "function": {"name": ..., "parameters": {...}}}.'
)


def read_tools(given: Iterable[ToolLike]) -> list[FunctionTool | Tool]:
    """Read tools, whatever their form; functions become `FunctionTool`s.

    Raises:
        InvalidMessage: One of them is no tool; it is named by its place, as `tools[0]`.
    """
    # Both would be iterated with a surprising result, or not at all.
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        msg = f"tools is {type(given).__name__}, which is no list of tools."
        raise InvalidMessage(msg, hint="Put it in a list, as tools=[weather].")
    return [_read(each, f"tools[{index}]") for index, each in enumerate(given)]


def declarations(tools: Iterable[FunctionTool | Tool]) -> list[Tool]:
    """The description of tools that the model gets."""
    return [each.tool if isinstance(each, FunctionTool) else each for each in tools]


def _read(given: object, place: str) -> FunctionTool | Tool:
    if isinstance(given, FunctionTool | Tool):
        return given
    if isinstance(given, Mapping):
        return _from_dictionary(given, place)
    if isinstance(given, FunctionType):
        return _from_function(given)
    if callable(given):
        return tool_from(given)
    msg = f"{place} is {type(given).__name__}, which is no tool."
    raise InvalidMessage(msg, hint=_HINT)


_described: WeakKeyDictionary[FunctionType, tuple[Tool, type[Any] | None]] = WeakKeyDictionary()
"""What functions look like to a model. A program gives the same ones with each call."""


def _from_function(function: FunctionType) -> FunctionTool:
    known = _described.get(function)
    if known is None:
        made = tool_from(function)
        # Not the tool itself: it refers to the function, which could then never be forgotten.
        known = _described[function] = (made.tool, made.arguments)
    return FunctionTool(known[0], function, known[1])


def _from_dictionary(given: Mapping[str, Any], place: str) -> Tool:
    kind = given.get("type")
    if kind != "function":
        msg = f"{place}.type is {kind!r}; only tools of the type 'function' can be given."
        raise InvalidMessage(msg, hint=_HINT)
    inner = given.get("function")
    # Chat Completions nests the description, the Responses API does not.
    described, at = (inner, f"{place}.function") if isinstance(inner, Mapping) else (given, place)
    name = described.get("name")
    description = described.get("description") or ""
    parameters = described.get("parameters") or {"type": "object", "properties": {}}
    strict = described.get("strict")
    for key, value, kinds, due in (
        ("name", name, str, "text"),
        ("description", description, str, "text"),
        ("parameters", parameters, Mapping, "a JSON Schema"),
        ("strict", strict, bool | None, "true or false"),
    ):
        if not isinstance(value, kinds):
            msg = f"{at}.{key} is {type(value).__name__}, and not {due}."
            raise InvalidMessage(msg, hint=_HINT)
    return Tool(str(name), description, dict(parameters), strict)
