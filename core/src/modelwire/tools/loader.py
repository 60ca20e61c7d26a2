"""The loader of tools from a Python file."""

from __future__ import annotations

import inspect
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from attrs import evolve

from modelwire.errors import InvalidMessage, Problem
from modelwire.files import read_file
from modelwire.tools.function import FunctionTool

__all__ = ["load_tools"]

_EXAMPLE = 'def add(a: int, b: int) -> int:\n      """Add two numbers."""\n      return a + b'


def load_tools(path: str | Path) -> list[FunctionTool]:
    """Run a Python file, and make a tool of each of its public functions.

    Public are the functions that the file defines and whose name begins with no underscore; where
    it has an `__all__`, the functions that are named there. Modules beside the file can be imported.

    Args:
        path: The file.

    Raises:
        InvalidMessage: The file cannot be read or run, it has no public function, or one of them
            cannot be described; every such place is listed.
    """
    from modelwire.tools.description import tool_from  # which imports a parser of docstrings

    path = Path(path)
    module = _run(path)
    problems: list[Problem] = []
    tools: list[FunctionTool] = []
    hint = None
    for function in _public(module):
        try:
            tools.append(tool_from(function))
        except InvalidMessage as error:
            hint = error.hint
            inside = getattr(inspect.unwrap(function), "__code__", None)
            mine = inside is not None and inside.co_filename == str(path)
            problems += [p if mine else evolve(p, line=None) for p in error.problems]
    if problems:
        msg = (
            f"{len({p.path.partition('.')[0] for p in problems})} of the functions cannot be tools."
        )
        raise InvalidMessage(msg, problems=problems, source=str(path), hint=hint)
    if not tools:
        msg = f"{path} defines no public function."
        raise InvalidMessage(msg, hint=f"Each public function becomes a tool, as\n  {_EXAMPLE}")
    return tools


def _run(path: Path) -> types.ModuleType:
    try:
        source = read_file(path, "tools").raw
    except OSError as error:
        msg = f"Cannot read {path}: {error.strerror or error}."
        raise InvalidMessage(msg) from None
    # Dataclasses look their module up by name, and two files may have the same one.
    module = types.ModuleType(f"modelwire_tools_{len(sys.modules)}_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102 - it is the user's own
    except (Exception, SystemExit) as error:
        sys.modules.pop(module.__name__, None)
        why = f"{type(error).__name__}: {error}".removesuffix(": ")
        if isinstance(error, SyntaxError) and error.filename == str(path):
            why = f"{type(error).__name__}: {error.msg}"
        msg = f"{path} failed while it was loaded."
        problem = Problem("", why, _line_in(path, error))
        raise InvalidMessage(msg, problems=[problem], source=str(path)) from error
    return module


def _public(module: types.ModuleType) -> Iterator[Callable[..., Any]]:
    listed = getattr(module, "__all__", None)
    found: dict[int, Callable[..., Any]] = {}
    for name, value in vars(module).items():
        if not inspect.isroutine(value):
            continue
        own = value.__module__ == module.__name__ and not name.startswith("_")
        if name in listed if listed is not None else own:
            found.setdefault(id(value), value)
    yield from found.values()


def _line_in(path: Path, error: BaseException) -> int | None:
    """The line of a file in which an error began, as far as that is known."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    return next((f.lineno for f in reversed(frames) if f.filename == str(path)), None)
