"""Forms of tools: the types that callers may pass as a tool.

Describing functions needs imports of tens of milliseconds, for which every other task of an event
loop would wait, so they are done in a thread.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from types import FunctionType
from typing import Any
from weakref import WeakKeyDictionary

from modelwire.errors import InvalidMessage
from modelwire.event_loops import has_event_loop
from modelwire.messages import Tool
from modelwire.tools.function import FunctionTool
from modelwire.tools.run import run_in_thread
from modelwire.tools.source import ToolSource

__all__ = ["ToolLike", "declarations", "load", "must_load", "read_tools"]

ToolLike = Callable[..., Any] | FunctionTool | Tool | Mapping[str, Any] | ToolSource
"""A function, a `FunctionTool`, a `Tool`, a dictionary in the form of Chat Completions, or, where tools
are run, a `ToolSource`."""

_HINT = (
    "A tool is a function with type hints, what `tool_from` makes of one, a Tool, or a dictionary "
    'such as {"type": "function", "function": {"name": ..., "parameters": {...}}}.'
)


def read_tools(given: Iterable[ToolLike], *, first: int = 0) -> list[FunctionTool | Tool]:
    """Read tools, whatever their form; functions become `FunctionTool`s.

    Args:
        given: The tools.
        first: The index of the first one in the caller's list, for errors.

    Raises:
        InvalidMessage: One of them is not a tool; the error names its place, such as `tools[0]`.
    """
    # Both would be iterated with a surprising result, or not at all.
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        msg = f"tools is {type(given).__name__}, which is not a list of tools."
        raise InvalidMessage(msg, hint="Put it in a list, as tools=[weather].")
    return [_read(each, f"tools[{index}]") for index, each in enumerate(given, first)]


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
        from modelwire.tools.description import tool_from

        return tool_from(given)
    if isinstance(given, ToolSource):
        msg = f"{place} is a source of tools ({type(given).__name__}), which cannot be used here."
        raise InvalidMessage(msg, hint="Give it to run_tools or Agent, which run tools.")
    msg = f"{place} is {type(given).__name__}, which is not a tool."
    raise InvalidMessage(msg, hint=_HINT)


_described: WeakKeyDictionary[FunctionType, tuple[Tool, type[Any] | None]] = WeakKeyDictionary()
"""Descriptions of functions as tools, cached: a program passes the same ones with each call."""


def _from_function(function: FunctionType) -> FunctionTool:
    known = _described.get(function)
    if known is None:
        from modelwire.tools.description import tool_from

        made = tool_from(function)
        # Not the tool itself: it refers to the function, which could then never be collected.
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
            msg = f"{at}.{key} is {type(value).__name__}, not {due}."
            raise InvalidMessage(msg, hint=_HINT)
    return Tool(str(name), description, dict(parameters), strict)


_DESCRIBING = {
    "modelwire.tools.description": "tool_from",
    "modelwire.structuring.docstrings": "read_docstring",
}
"""The modules that import everything needed, each with a name that exists once that is done."""


def must_load(tools: object = None, schema: object = None) -> bool:
    """Whether an event loop is running in this thread, and `load` must be awaited first.

    Args:
        tools: The caller's tools, in any form.
        schema: The caller's schema of an answer.
    """
    if tools is None and (schema is None or isinstance(schema, Mapping)):
        return False
    if not has_event_loop() or all(
        hasattr(sys.modules.get(module), name) for module, name in _DESCRIBING.items()
    ):
        return False
    if not isinstance(schema, Mapping | None):
        return True
    # Anything else cannot be looked at twice, or is no list of tools.
    return not isinstance(tools, list | tuple | None) or not all(map(_is_described, tools or ()))


def _is_described(tool: object) -> bool:
    # The result of a function whose arguments are not checked may need it.
    return isinstance(tool, Tool | Mapping) or (
        isinstance(tool, FunctionTool) and tool.arguments is not None
    )


async def load() -> None:
    """Import it in a thread."""
    await run_in_thread(lambda: [import_module(module) for module in _DESCRIBING])
