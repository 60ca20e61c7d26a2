"""Paths into a document, such as `models.providers["acme"].models[0].id`.

A step is a key or an index. Keys are written between dots, or in brackets and quotes if they
contain dots or brackets; a backslash escapes the next character. An index depends on the document:
`[0]` is the first element of a list, and the key "0" of an object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from modelwire.errors import ConfigError
from modelwire.text import join_surrogates

__all__ = [
    "MAX_DEPTH",
    "Path",
    "Step",
    "check_key",
    "format_path",
    "list_index",
    "parse_path",
    "split_path",
    "value_at",
]

Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]

MAX_DEPTH = 200
"""How many steps a path in a document may have; what is nested deeper is refused."""

# Names that other readers of the same document would take for parts of their own object model.
_BLOCKED = frozenset({"__proto__", "constructor", "prototype"})
_PLAIN_KEY = re.compile(r"[^\s.\[\]\\\"']+")
_INDEX = re.compile(r"[0-9]{1,9}")


def parse_path(text: str) -> Path:
    """Read a path.

    Raises:
        ConfigError: The text is not a path, or names a key that must not be touched.
    """
    return split_path(text)[0]


def split_path(text: str) -> tuple[Path, tuple[bool, ...]]:
    """Parse a path, and tell for each step whether it is written with dots rather than brackets.

    Raises:
        ConfigError: As for `parse_path`.
    """
    reader = _PathReader(text.strip())
    steps = reader.read()
    for step in steps:
        check_key(step)
    return steps, tuple(reader.dotted)


def check_key(step: Step) -> None:
    """Refuse a key that must not be touched.

    Raises:
        ConfigError: The key means something else to other readers of the document.
    """
    if step in _BLOCKED:
        msg = f"Invalid path segment: {step}"
        raise ConfigError(msg)


def format_path(steps: Sequence[Step]) -> str:
    """Write a path so that `parse_path` reads the same steps back."""
    text = ""
    for step in steps:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text


def list_index(step: Step) -> int | None:
    """Return the index that a step means inside a list, or `None` if it cannot mean one."""
    if isinstance(step, int):
        return step if step >= 0 else None
    return int(step) if _INDEX.fullmatch(step) else None


def value_at(data: Any, path: Path, default: Any = None) -> Any:
    """Return what plain data hold at a path, or the default where nothing is."""
    for step in path:
        if isinstance(data, Mapping):
            data = data.get(str(step), default)
        elif isinstance(data, list):
            index = list_index(step)
            data = default if index is None or index >= len(data) else data[index]
        else:
            return default
    return data


class _PathReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.dotted: list[bool] = []

    def read(self) -> Path:
        steps: list[Step] = []
        while True:
            if not self._peek("["):
                steps.append(self._key())
                self.dotted.append(True)
            while self._peek("[") and len(steps) <= MAX_DEPTH:
                steps.append(self._bracket())
                self.dotted.append(False)
            if len(steps) > MAX_DEPTH:
                raise _invalid(f"more than {MAX_DEPTH} segments")
            if self.at == len(self.text):
                return tuple(steps)
            if not self._peek("."):
                raise _invalid("missing separator after bracket")
            self.at += 1
            if self._peek("["):
                raise _invalid("empty segment")

    def _peek(self, char: str) -> bool:
        return self.text.startswith(char, self.at)

    def _key(self) -> str:
        key = ""
        while self.at < len(self.text) and self.text[self.at] not in ".[":
            key += self._char()
        if not key.strip():
            raise _invalid("empty segment")
        return key.strip()

    def _char(self) -> str:
        char = self.text[self.at]
        if char == "\\":
            self.at += 1
            if self.at == len(self.text):
                raise _invalid("trailing escape")
            char = self.text[self.at]
        self.at += 1
        return char

    def _bracket(self) -> Step:
        self.at += 1
        if self.text[self.at : self.at + 1] in ('"', "'"):
            return self._quoted()
        inside = ""
        while not self._peek("]"):
            if self.at == len(self.text):
                raise _invalid('missing "]"')
            inside += self._char()
        self.at += 1
        if not inside.strip():
            raise _invalid('empty "[]"')
        name = inside.strip()
        return int(name) if _INDEX.fullmatch(name) else name

    def _quoted(self) -> str:
        quote = self.text[self.at]
        self.at += 1
        start = self.at
        while not self._peek(quote):
            if self.at == len(self.text):
                raise _invalid('missing "]"')
            self._char()
        body = self.text[start : self.at]
        self.at += 1
        if not self._peek("]"):
            raise _invalid('missing "]"')
        self.at += 1
        return _unescape(body)


def _unescape(body: str) -> str:
    """Take away the backslashes of a quoted key; JSON's own escapes keep their meaning."""
    plain = re.sub(r"\\(u[0-9a-fA-F]{4}|.)", _unescape_one, body, flags=re.DOTALL)
    return join_surrogates(plain)


def _unescape_one(match: re.Match[str]) -> str:
    escape = match[1]
    if len(escape) > 1:
        return chr(int(escape[1:], 16))
    return {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}.get(escape, escape)


def _invalid(why: str) -> ConfigError:
    return ConfigError(
        f"Invalid path ({why})", hint='Write a path as: agents.defaults.models["provider/id"].alias'
    )
