"""`${VAR}` in the strings of a document.

`${NAME}` stands for an environment variable, where the name is made of capital letters, digits and
underscores. `$${NAME}` is the text `${NAME}` itself. Everything else, as `$NAME` or `${name}`, is
left alone. A variable that is not set, or empty, is an error. What a variable holds is not looked
at again, and keys are never changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from modelwire.config.paths import Path, format_path

__all__ = ["MissingVariable", "has_placeholder", "substitute"]

_PLACEHOLDER = re.compile(r"\$(\$?)\{([A-Z_][A-Z0-9_]*)\}")


@frozen
class MissingVariable:
    """A variable that the document refers to and that is not set.

    Attributes:
        name: The variable's name.
        path: Where it is referred to.
    """

    name: str
    path: Path

    @property
    def message(self) -> str:
        """The problem as a sentence."""
        place = format_path(self.path)
        return f'Missing env var "{self.name}" referenced at config path: {place}'


def has_placeholder(value: object) -> bool:
    """Whether a value is a string in which something would be replaced."""
    return isinstance(value, str) and _PLACEHOLDER.search(value) is not None


def substitute(
    data: Any, environ: Mapping[str, str], path: Path = ()
) -> tuple[Any, list[MissingVariable]]:
    """Replace the placeholders in all strings of plain data, which stays as it is.

    Args:
        data: The data: dicts, lists, strings, numbers, booleans and `None`.
        environ: The variables.
        path: Where the data stands in its document.

    Returns:
        A copy of the data, and every variable that was missing. Where one was, the string keeps its
        placeholder.
    """
    missing: list[MissingVariable] = []

    def visit(value: Any, path: Path) -> Any:
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
