"""Documents as plain data: decoded, JSON or JSON5, and nothing that JSON could not hold."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from attrs import Factory, define, field

from modelwire.document.paths import MAX_DEPTH, Path
from modelwire.errors import ConfigError, Problem
from modelwire.files import FileContent, read_file
from modelwire.redaction import scrub
from modelwire.text import has_surrogates, join_surrogates

if TYPE_CHECKING:
    from modelwire.document.parser import Tree

__all__ = ["decode_text", "plain_data", "read_content", "read_document", "read_text"]

_UNREADABLE = "The configuration cannot be read."
_NOT_JSON5 = "The configuration is not valid JSON5."

_LONG = 32_768
"""Characters from which on a text is read by the parser of the editor, which takes a thirtieth of the
time of the library `json5`; 32 thousand take that one a second."""


def read_text(path: FilePath) -> str:
    """Read a file as UTF-8 text, with or without a byte order mark; line ends stay as they are.

    Raises:
        ConfigError: The file does not exist, cannot be read, is no regular file, is larger than a
            configuration may be, or is not UTF-8.
    """
    return decode_text(read_content(path).raw, path)


def read_content(path: FilePath) -> FileContent:
    """Read the bytes of a configuration file.

    Raises:
        ConfigError: The file does not exist, cannot be read, is no regular file, or is larger than
            a configuration may be.
    """
    try:
        return read_file(path, "configuration")
    except FileNotFoundError as error:
        msg = f"Config file not found: {path}"
        raise ConfigError(msg) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _error(_UNREADABLE, path, reason) from error


def decode_text(raw: bytes, path: FilePath) -> str:
    """Read bytes as UTF-8 text, with or without a byte order mark; line ends stay as they are.

    Args:
        raw: The bytes.
        path: The file, which errors name.

    Raises:
        ConfigError: They are not UTF-8.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        from modelwire.document.lexer import line_of

        before = raw[: error.start].decode("utf-8", "replace")
        line = line_of(before, len(before))[0]
        message = f"the byte 0x{raw[error.start]:02x} is not UTF-8 text"
        raise _error(_UNREADABLE, path, message, line) from scrub(error)


def read_document(text: str, source: FilePath) -> tuple[Any, bool]:
    """Parse JSON, or where it is not strict JSON, JSON5.

    Returns:
        The data, and whether some object has a key twice.

    Raises:
        ConfigError: The text is not JSON5; the problem names line and column.
    """
    pairs = _Pairs()
    try:
        return json.loads(text, object_pairs_hook=pairs), pairs.repeated
    except (ValueError, RecursionError) as error:
        if len(text) > _LONG:
            return _data_of(_parse(text, source, scrub(error)))
        # Imported here, so that a file of strict JSON, the most frequent one, does not pay for it.
        import json5

    pairs = _Pairs()
    try:
        return json5.loads(text, object_pairs_hook=pairs), pairs.repeated
    except (ValueError, RecursionError) as error:
        tree = _parse(text, source, scrub(error))
        if isinstance(error, RecursionError):
            # json5 gives up at some fifty levels, and earlier where the caller's stack is deep.
            return _data_of(tree)
        raise _error(_NOT_JSON5, source, str(error)) from error


def plain_data(data: Any, path: Path = ()) -> tuple[Any, list[tuple[Path, str]]]:
    """Copy plain data, and say what in it a JSON document cannot hold.

    Mappings become dicts, tuples lists. What is wrong is left out of the copy or made `None`.

    Args:
        data: The data.
        path: Its path in the document.

    Raises:
        ConfigError: The data is nested too deeply, or holds itself.
    """
    copier = _Copier()
    return copier.copy(data, path), copier.wrong


@define
class _Copier:
    wrong: list[tuple[Path, str]] = Factory(list)

    def copy(self, value: Any, path: Path) -> Any:
        if len(path) > MAX_DEPTH:
            msg = f"The configuration is nested more than {MAX_DEPTH} levels deep."
            raise ConfigError(msg)
        if isinstance(value, str):
            return self._text(value, path)
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, Mapping):
            return self._object(value, path)
        if isinstance(value, list | tuple):
            return [self.copy(item, (*path, index)) for index, item in enumerate(value)]
        if not isinstance(value, float):
            kind = type(value).__name__
            self.wrong.append((path, f"must be JSON data, found an object of type {kind}"))
        elif math.isfinite(value):
            return value
        else:
            found = json.dumps(value)
            self.wrong.append((path, f"must be a finite number, found {found}"))
        return None

    def _object(self, value: Mapping[Any, Any], path: Path) -> dict[str, Any]:
        made = {}
        for key, item in value.items():
            if isinstance(key, str):
                made[self._text(key, path)] = self.copy(item, (*path, key))
            else:
                self.wrong.append((path, f"must have strings as keys, found {key!r}"))
        return made

    def _text(self, value: str, path: Path) -> str:
        joined = join_surrogates(value)
        if has_surrogates(joined):
            self.wrong.append((path, "must be valid Unicode, found a lone surrogate"))
        return joined


@define
class _Pairs:
    """Makes dicts, and notes whether any key came twice."""

    repeated: bool = field(default=False, init=False)

    def __call__(self, pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        pairs = list(pairs)
        made = dict(pairs)
        self.repeated = self.repeated or len(made) < len(pairs)
        return made


def _data_of(tree: Tree) -> tuple[Any, bool]:
    from modelwire.document.parser import value_of

    return (value_of(tree.root) if tree.root else None), any(tree.duplicates())


def _parse(text: str, source: FilePath, cause: BaseException) -> Tree:
    from modelwire.document.lexer import SyntaxMistake
    from modelwire.document.parser import parse

    try:
        tree = parse(text)
    except SyntaxMistake as mistake:
        message = f"column {mistake.column}: {mistake.message}"
        raise _error(_NOT_JSON5, source, message, mistake.line) from cause
    if tree.root is None:
        message = "the file is empty; the shortest configuration is {}"
        raise _error(_NOT_JSON5, source, message) from cause
    return tree


def _error(message: str, source: FilePath, problem: str, line: int | None = None) -> ConfigError:
    return ConfigError(message, problems=[Problem("", problem, line)], source=str(source))
