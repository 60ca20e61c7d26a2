"""The emulator's files: JSON5, or JSON Lines for recordings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from modelwire.structuring import is_deep, is_shallow
from modelwire_bedrock.emulator.errors import EmulatorError

__all__ = ["parse_json", "read_document", "read_text"]

_MAX_DEPTH: Final = 500
"""Levels of a request. The limit of Bedrock is not known; Python's own differs between its versions."""


def parse_json(data: bytes | str) -> Any:
    """Parse JSON from outside.

    Raises:
        ValueError: It is not JSON, or nested too deeply.
    """
    msg = "it is nested too deeply"
    try:
        value = json.loads(data)
    except RecursionError:
        raise ValueError(msg) from None
    if not is_shallow(data) and is_deep(value, _MAX_DEPTH):
        raise ValueError(msg)
    return value


def read_text(path: Path) -> str:
    """Read a text file.

    Raises:
        EmulatorError: It cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"Cannot read {path}: {error.strerror or error}."
        raise EmulatorError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path} is not UTF-8 text."
        raise EmulatorError(msg) from error


def read_document(path: Path) -> dict[str, Any]:
    """Read an object from a JSON5 or JSON file.

    Raises:
        EmulatorError: It cannot be read, or holds no object.
    """
    text = read_text(path)
    try:
        document = parse_json(text)
    except ValueError:
        document = _json5(text, path)
    if not isinstance(document, dict):
        msg = f"{path} holds no object."
        raise EmulatorError(msg, hint="Put everything between { and }.")
    return document


def _json5(text: str, path: Path) -> Any:
    from modelwire.document import SyntaxMistake, parse, value_of

    try:
        root = parse(text).root
    except SyntaxMistake as mistake:
        place = f"line {mistake.line}, column {mistake.column}"
        msg = f"{path} is not JSON5: {place}: {mistake.message}"
        raise EmulatorError(msg) from mistake
    return None if root is None else value_of(root)
