"""Descriptions of functions as tools: names, docstrings and type hints, as offered to a model.

Its dependencies are slow to import, so they are imported only when a function becomes a tool.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import msgspec

from modelwire.errors import InvalidMessage, Problem
from modelwire.messages import Tool
from modelwire.tools.function import FunctionTool
from modelwire.tools.schemas import describe_types, reason

if TYPE_CHECKING:
    from modelwire.structuring.docstrings import Docstring

__all__ = ["tool_from"]

_HINT = (
    "Tools take str, int, float, bool, list, dict, Literal, Enum, dataclasses, attrs classes, "
    "TypedDict and Pydantic models, each also with `| None`."
)


def tool_from(function: Callable[..., Any], *, parallel: bool = False) -> FunctionTool:
    """Make a tool of a function with type hints.

    Its name is the tool's. Its docstring, in reST, Google, NumPy or epydoc style, describes the tool
    and its parameters; `Annotated[str, "..."]` describes one as well. A parameter with a default may
    be left out.

    Args:
        function: A function, a coroutine function, a bound method, a `functools.partial`, whose
            keywords the model neither sees nor gives, or an object with `__call__`. Each parameter
            has a hint.
        parallel: Whether its calls may run concurrently with others of the same answer, which is
            safe where none depends on the effects of another.

    Raises:
        InvalidMessage: It cannot be described; the error names each wrong parameter, with the line
            of the function.
    """
    from modelwire.structuring.docstrings import read_docstring  # which imports a parser of them

    name, definition = _definition(function)
    code = getattr(definition, "__code__", None)
    line = getattr(code, "co_firstlineno", None)
    described = _Description(name, line, read_docstring(_docstring(function)))
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (NameError, TypeError, ValueError) as error:
        described.refuse("", f"its parameters cannot be read: {error}")
        parameters = []
    if inspect.isgeneratorfunction(definition) or inspect.isasyncgenfunction(definition):
        described.refuse("", "it yields; a tool returns its result")
    known = getattr(definition, "__globals__", {})
    bound = function.keywords if isinstance(function, partial) else {}
    for parameter in parameters:
        if parameter.name not in bound:
            described.add(parameter, known)
    return described.finish(function, parallel=parallel)


def _definition(function: Callable[..., Any]) -> tuple[str, Any]:
    """The name of a callable, and the function underlying it."""
    if isinstance(function, partial):
        return _definition(function.func)
    name = str(getattr(function, "__name__", type(function).__name__))
    written = function if _has_code(function) else type(function).__call__
    return name, inspect.unwrap(written)


def _docstring(function: Callable[..., Any]) -> str | None:
    """The docstring of a callable; its `__call__` may have one of its own."""
    if isinstance(function, partial):
        return _docstring(function.func)
    own = None if _has_code(function) else type(function).__call__.__doc__
    return own or inspect.getdoc(function)


def _has_code(function: Callable[..., Any]) -> bool:
    """Whether a callable is a function itself, rather than an object with `__call__`."""
    return inspect.isroutine(function) or inspect.isclass(function)


class _Description:
    """Builds the description of one function, and collects its mistakes."""

    def __init__(self, name: str, line: int | None, docstring: Docstring) -> None:
        self._name = name
        self._line = line
        self._docstring = docstring
        self._problems: list[Problem] = []
        self._types: dict[str, Any] = {}
        self._notes: dict[str, dict[str, Any]] = {}
        self._optional: set[str] = set()

    def refuse(self, parameter: str, why: str) -> None:
        place = f"{self._name}.{parameter}" if parameter else self._name
        self._problems.append(Problem(place, why, self._line))

    def add(self, parameter: inspect.Parameter, known: Mapping[str, Any]) -> None:
        name = parameter.name
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            self.refuse(name, "a tool names all its parameters; `*` and `**` have no description")
            return
        if parameter.kind is parameter.POSITIONAL_ONLY:
            self.refuse(name, "it cannot be given by name, as models do")
            return
        if parameter.annotation is parameter.empty:
            self.refuse(name, "it has no type hint")
            return
        try:
            hint = _evaluated(parameter.annotation, known)
        except Exception as error:  # noqa: BLE001 - evaluating a hint runs the user's code
            self.refuse(name, f"its type hint cannot be read: {error}")
            return
        notes: dict[str, Any] = {}
        if name in self._docstring.parameters:
            notes["description"] = self._docstring.parameters[name]
        if get_origin(hint) is Annotated:
            text = next((extra for extra in get_args(hint)[1:] if isinstance(extra, str)), None)
            notes |= {} if text is None else {"description": text}
        if parameter.default is not parameter.empty:
            self._optional.add(name)
            hint = hint | None if parameter.default is None else hint
            notes |= _shown_default(parameter.default)
        try:
            describe_types([hint])
        except TypeError as error:
            self.refuse(name, f"its type cannot be described: {reason(error)}")
            return
        self._types[name], self._notes[name] = hint, notes

    def finish(self, function: Callable[..., Any], *, parallel: bool) -> FunctionTool:
        if self._problems:
            msg = f"The function {self._name} cannot be a tool."
            raise InvalidMessage(msg, problems=self._problems, hint=_HINT)
        schemas, definitions = describe_types(self._types.values())
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {
                name: {**described, **self._notes[name]}
                for name, described in zip(self._types, schemas, strict=True)
            },
            "required": [name for name in self._types if name not in self._optional],
        }
        if definitions:
            schema["$defs"] = definitions
        fields = [
            (name, kind, None) if name in self._optional else (name, kind)
            for name, kind in self._types.items()
        ]
        arguments = msgspec.defstruct("Arguments", fields, kw_only=True, forbid_unknown_fields=True)
        tool = Tool(self._name, self._docstring.description, schema)
        return FunctionTool(tool, function, arguments, parallel)


def _evaluated(annotation: Any, known: Mapping[str, Any]) -> Any:
    """A type hint as a type, even if it was written or postponed as text."""
    holder = types.SimpleNamespace(__annotations__={"hint": annotation})
    return typing.get_type_hints(holder, dict(known), include_extras=True)["hint"]


def _shown_default(default: Any) -> dict[str, Any]:
    """The default as JSON for the schema; nothing where it is not valid JSON."""
    try:
        return {"default": msgspec.to_builtins(default, str_keys=True)}
    except (TypeError, ValueError):
        return {}
