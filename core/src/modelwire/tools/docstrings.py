"""What a docstring says of a function and of each of its parameters."""

from __future__ import annotations

import inspect
import re

from attrs import frozen

__all__ = ["Docstring", "read_docstring"]

_HEADING = re.compile(r"([A-Z][A-Za-z ]*):\s*")
_PARAMETERS = frozenset({"Args", "Arguments", "Attributes", "Keyword Args", "Parameters"})
_UNSAID = frozenset({"Example", "Examples", "Raises"})
_ENTRY = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?:\s*(.*)")
_FIELD = re.compile(r":param (?:[^:]+ )?(\w+):\s*(.*)")
_OTHER_FIELD = re.compile(r":(?:type|raises?|rtype|returns?)\b[^:]*:")


@frozen
class Docstring:
    """A docstring, taken apart.

    Attributes:
        description: What it does and returns: everything but parameters, errors and examples.
        parameters: What each parameter means, by its name.
    """

    description: str
    parameters: dict[str, str]


def read_docstring(text: str | None) -> Docstring:
    """Read a docstring in Google's style, or one with `:param name:` fields."""
    said: list[str] = []
    parameters: dict[str, str] = {}
    section: list[str] | None = None
    entries: list[str] = []
    for line in inspect.cleandoc(text or "").splitlines():
        heading = _HEADING.fullmatch(line)
        if heading and heading[1] in _PARAMETERS:
            section = entries
        elif heading and heading[1] in _UNSAID:
            section = []
        elif field := _FIELD.match(line):
            section = entries
            entries.append(f" {field[1]}: {field[2]}")
        elif _OTHER_FIELD.match(line):
            section = []
        elif section is not None and (not line or line[0].isspace()):
            section.append(line)
        else:
            section = None
            said.append(line)
    for entry in _entries(entries):
        if named := _ENTRY.fullmatch(entry):
            parameters[named[1]] = named[2]
    return Docstring(re.sub(r"\n{3,}", "\n\n", "\n".join(said)).strip(), parameters)


def _entries(lines: list[str]) -> list[str]:
    """Join each entry with the lines that continue it, which stand further in."""
    found: list[str] = []
    margin: int | None = None
    for line in lines:
        text = line.strip()
        if not text:
            margin = None if not found else margin
            continue
        indent = len(line) - len(line.lstrip())
        if margin is None or indent <= margin or not found:
            margin = indent
            found.append(text)
        else:
            found[-1] += f" {text}"
    return found
