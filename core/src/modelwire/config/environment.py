"""Environment variables of a document: the process's, its own `env` block, and `${VAR}`.

    env: { ACME_REGION: "north", vars: { ACME_KEY: "${TEAM_KEY}" } }

A variable of the process takes precedence, unless it is empty. The block itself may refer to
variables of the process only, so there is no order among its keys. `shellEnv` is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from attrs import frozen

from modelwire.document import Path, format_path

__all__ = [
    "EnvBlock",
    "MissingVariable",
    "has_placeholder",
    "is_read",
    "read_env_block",
    "substitute",
    "variables_in",
]

_PLACEHOLDER = re.compile(r"\$(\$?)\{([A-Z_][A-Z0-9_]*)\}")


@frozen
class MissingVariable:
    """A variable that the document refers to and that is not set.

    Attributes:
        name: The variable's name.
        path: Where it is referred to.
        line: The line in the file, counted from 1, or `None` when it is not known.
    """

    name: str
    path: Path
    line: int | None = None

    @property
    def message(self) -> str:
        """The problem, as a sentence."""
        place = format_path(self.path)
        return f'Missing env var "{self.name}" referenced at config path: {place}'


def has_placeholder(value: object) -> bool:
    """Whether a value is a string with a placeholder."""
    return isinstance(value, str) and _PLACEHOLDER.search(value) is not None


def variables_in(value: Any) -> Iterator[str]:
    """The variables that the strings of plain data refer to, in their order."""
    if isinstance(value, str):
        yield from (name for escaped, name in _PLACEHOLDER.findall(value) if not escaped)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from variables_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from variables_in(item)


_READ: Mapping[Path, frozenset[str]] = {
    (): frozenset({"env", "models", "agents", "plugins", "logs"}),
    ("agents",): frozenset({"defaults", "list", "entries"}),
    ("agents", "defaults"): frozenset(
        {
            "model",
            "models",
            "params",
            "timeoutSeconds",
            "firstEventSeconds",
            "thinkingDefault",
        }
    ),
}
"""The keys that modelwire reads, where another program may have further keys beside them."""
_AGENTS = (("agents", "list"), ("agents", "entries"))
_OF_AGENT = frozenset({"id", "name", "model", "params", "thinkingDefault"})


def is_read(path: Path) -> bool:
    """Whether modelwire or a plugin may read the value at a path.

    A file may be shared with another program, whose keys and variables are ignored.
    """
    for depth, step in enumerate(path):
        known = _READ.get(path[:depth])
        if known is not None and step not in known:
            return False
    return path[:2] not in _AGENTS or len(path) < 4 or path[3] in _OF_AGENT


def substitute(
    data: Any,
    environ: Mapping[str, str],
    path: Path = (),
    *,
    wanted: Callable[[Path], bool] = lambda _: True,
) -> tuple[Any, list[MissingVariable]]:
    """Replace the placeholders in all strings of plain data, which is not changed.

    Args:
        data: The data: dicts, lists, strings, numbers, booleans and `None`.
        environ: The variables.
        path: Where the data is in its document.
        wanted: Whether the values at a path, and beneath it, are to be replaced.

    Returns:
        A copy of the data, and every variable that was missing. Where one was, the string keeps its
        placeholder.
    """
    missing: list[MissingVariable] = []

    def visit(value: Any, path: Path) -> Any:
        if not wanted(path):
            return value
        if isinstance(value, str):
            return _PLACEHOLDER.sub(lambda match: replace(match, path), value)
        if isinstance(value, dict):
            return {key: visit(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [visit(item, (*path, index)) for index, item in enumerate(value)]
        return value

    def replace(match: re.Match[str], path: Path) -> str:
        escaped, name = match.groups()
        if escaped:
            return match[0][1:]
        value = environ.get(name)
        if value:
            return value
        missing.append(MissingVariable(name, path))
        return match[0]

    return visit(data, path), missing


_ROOT: Path = ("env",)
_NOT_VARIABLES = frozenset({"vars", "shellEnv"})


@frozen
class EnvBlock:
    """The effect of the block `env` on the rest of the document.

    Attributes:
        environ: The variables of the process over those of the block.
        data: The block, with its placeholders replaced.
        problems: The problems of the block, each with its path.
        missing: The variables of the process that it refers to and that are not set. A variable
            of the block that needs one of them is not set either, unless the process sets it.
    """

    environ: Mapping[str, str]
    data: Any
    problems: list[tuple[Path, str]]
    missing: list[MissingVariable]


def read_env_block(block: Any, process: Mapping[str, str]) -> EnvBlock:
    """Read the block `env`; `None` means that the document has none."""
    if block is None:
        return EnvBlock(dict(process), None, [], [])
    data, missing = substitute(block, process, _ROOT, wanted=_is_read_of_block)
    unresolved = {item.path for item in missing}
    problems: list[tuple[Path, str]] = []
    variables: dict[str, str] = {}
    for path, values in ((*_ROOT, "vars"), _vars_of(data)), (_ROOT, _without_vars(data)):
        if not isinstance(values, Mapping):
            problems.append((path, "expected an object of strings"))
            continue
        for name, value in values.items():
            if not isinstance(value, str):
                problems.append(((*path, name), "expected a string"))
            elif (*path, name) in unresolved:
                variables.pop(name, None)  # not set, like a variable that is not written here
            else:
                variables[name] = value
    variables.update({name: value for name, value in process.items() if value})
    for name, value in process.items():
        variables.setdefault(name, value)
    unset = [item for item in missing if not variables.get(str(item.path[-1]))]
    return EnvBlock(variables, data, problems, unset)


def _is_read_of_block(path: Path) -> bool:
    return path[:2] != (*_ROOT, "shellEnv")


def _vars_of(data: Any) -> Any:
    return data.get("vars", {}) if isinstance(data, Mapping) else {}


def _without_vars(data: Any) -> Any:
    if not isinstance(data, Mapping):
        return data
    return {name: value for name, value in data.items() if name not in _NOT_VARIABLES}
