"""Operations of `config set`: a path, a value, and a condition."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

from attrs import frozen

from modelwire.cli.config.change import Report
from modelwire.cli.config.values import ConfigCommandError, resolve, written_value
from modelwire.config.known_paths import takes_only_text
from modelwire.config.patch import (
    check_keys,
    lost_entries,
    merge_value,
    put_value,
    remove_value,
)
from modelwire.document import (
    Path,
    SyntaxMistake,
    format_path,
    parse,
    plain_data,
    read_value,
    value_of,
)
from modelwire.files import SIZE_LIMITS, FileKind, read_file
from modelwire.redaction import HIDDEN, is_secret_path, shown_url

__all__ = [
    "ABSENT",
    "ANYTHING",
    "ConfigOperation",
    "batch_operations",
    "parse_value",
    "read_limited",
]

ABSENT = object()
"""The expectation that a path holds nothing."""

ANYTHING = object()
"""No expectation."""


@frozen
class ConfigOperation:
    """Set one value, or remove it.

    Attributes:
        path: The path as it was typed.
        value: The value, as plain data.
        how: `set`, which refuses to drop entries of protected maps, `merge`, `replace` or `unset`.
        expected: What must be there before; `ABSENT` for nothing.
        mode: How the value was given.
        text: The value as it was typed, where it may be meant as text although it reads as JSON5.
    """

    path: str
    value: Any = None
    how: str = "set"
    expected: Any = ANYTHING
    mode: str = "value"
    text: str | None = None

    def apply(self, text: str, source: FilePath, report: Report) -> str:
        """Make the new text.

        Raises:
            ConfigError: It cannot be done.
        """
        document = read_value(text, ())
        path = resolve(self.path, text, document, source)
        self._check_expectation(text, document, path)
        report.paths.append(path)
        report.modes.append(self.mode)
        if self.how == "unset":
            return _remove(text, document, path)
        value = self._value_at(path)
        if self.how == "merge":
            return merge_value(text, path, value)
        after = put_value(text, path, value)
        if self.how == "set" and (lost := lost_entries(document, read_value(after, ()))):
            raise _protected(lost)
        return after

    def _value_at(self, path: Path) -> Any:
        """The value; one made of digits is text where only text is allowed."""
        if self.text is not None and isinstance(self.value, int | float) and takes_only_text(path):
            return self.text
        check_keys(self.value)
        _, wrong = plain_data(self.value, path)
        if wrong:
            raise ConfigCommandError("value", f"Value {wrong[0][1]}.")
        return self.value

    def _check_expectation(self, text: str, document: Any, path: Path) -> None:
        if self.expected is ANYTHING:
            return
        found, value = written_value(text, document, path)
        if self.expected is ABSENT:
            met, wanted = not found, "there should be nothing"
        else:
            met, wanted = found and _same(value, self.expected), "it is not the expected value"
        if not met:
            msg = f"Conflict at {format_path(path)}: {wanted}."
            hint = "Nothing was written. Read the value again before you set it."
            raise ConfigCommandError("conflict", msg, hint=hint)


def parse_value(text: str, path: str, *, strict: bool) -> Any:
    """Read a value as JSON5, or what is not JSON5 as text; strictly, as JSON only.

    Raises:
        ConfigCommandError: It is not JSON, and has to be.
    """
    if strict:
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            shown = HIDDEN if is_secret_path((path,)) or _hides(path) else f'"{shown_url(text)}"'
            msg = f"Could not parse {shown} as JSON for --strict-json."
            raise ConfigCommandError(
                "value", msg, hint="""Put text in quotes twice: '"text"'."""
            ) from error
    try:
        root = parse(text).root
    except SyntaxMistake:
        return text
    return text if root is None else value_of(root)


def batch_operations(text: str) -> list[ConfigOperation]:
    """Read operations from a JSON5 list, each an object with `path` and what to do there.

    Raises:
        ConfigCommandError: The text is no such list.
    """
    try:
        root = parse(text).root
    except SyntaxMistake as mistake:
        place = f"line {mistake.line}, column {mistake.column}"
        raise _bad_batch(f"{place}: {mistake.message}") from mistake
    items = value_of(root) if root else None
    if not isinstance(items, list) or not items:
        raise _bad_batch("expected a list of operations")
    return [_batch_operation(item, at) for at, item in enumerate(items)]


_ACTIONS = ("merge", "replace", "unset")
_KEYS = {"path", "value", "expect", "expectAbsent", *_ACTIONS}


def _batch_operation(item: Any, at: int) -> ConfigOperation:
    if not isinstance(item, Mapping) or not isinstance(item.get("path"), str):
        raise _bad_batch(f'[{at}]: expected an object with a text under "path"')
    if unknown := sorted(item.keys() - _KEYS):
        raise _bad_batch(f"[{at}]: {json.dumps(unknown[0])} is not known")
    actions = [name for name in _ACTIONS if item.get(name) is True]
    if any(
        name in item and not isinstance(item[name], bool) for name in (*_ACTIONS, "expectAbsent")
    ):
        raise _bad_batch(f"[{at}]: expected true or false")
    if len(actions) > 1:
        raise _bad_batch(f"[{at}]: only one of {' and '.join(actions)}")
    how = actions[0] if actions else "set"
    if ("value" in item) == (how == "unset"):
        raise _bad_batch(f'[{at}]: expected either "value" or "unset": true')
    expected = ABSENT if item.get("expectAbsent") else item.get("expect", ANYTHING)
    mode = "unset" if how == "unset" else "json"
    return ConfigOperation(item["path"], item.get("value"), how, expected, mode)


def _bad_batch(why: str) -> ConfigCommandError:
    hint = """Write it as: '[{"path": "models.mode", "value": "merge"}]'"""
    return ConfigCommandError("value", f"The batch cannot be read: {why}.", hint=hint)


def _remove(text: str, document: Any, path: Path) -> str:
    if not written_value(text, document, path)[0]:
        msg = f"Config path not found: {format_path(path)}."
        raise ConfigCommandError("missing-path", msg, hint="Nothing was changed.")
    return remove_value(text, path)


def _protected(lost: list[Path]) -> ConfigCommandError:
    names = [format_path(path) for path in lost]
    listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    msg = f"Refusing to replace what is there: {listed} would be lost."
    hint = "Add to it with --merge, or replace it with --replace."
    return ConfigCommandError("protected", msg, hint=hint)


def _same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _hides(path: str) -> bool:
    from modelwire.document import parse_path

    return is_secret_path(parse_path(path))


def read_limited(path: FilePath | None, kind: FileKind) -> str:
    """Read UTF-8 text from a file, or `None` for standard input.

    Args:
        path: The file, or `None`.
        kind: What it is read as, which has a limit in `SIZE_LIMITS`.

    Raises:
        ConfigCommandError: It cannot be read, is no regular file, is larger than allowed, or is not UTF-8.
    """
    name = "The standard input" if path is None else str(path)
    try:
        raw = _standard_input(kind) if path is None else read_file(path, kind).raw
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigCommandError("value", f"{name} cannot be read: {reason}.") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigCommandError("value", f"{name} is not UTF-8 text.") from error


def _standard_input(kind: FileKind) -> bytes:
    limit = SIZE_LIMITS[kind]
    raw = sys.stdin.buffer.read(limit + 1)
    if len(raw) > limit:
        size = f"{limit / 1024 / 1024:g} MiB"
        raise ConfigCommandError(
            "value", f"The standard input is larger than {size}.", hint="Split it."
        )
    return raw
