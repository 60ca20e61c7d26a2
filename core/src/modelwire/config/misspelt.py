"""Misspelt keys of a configuration file, with their lines."""

from __future__ import annotations

from itertools import islice
from pathlib import Path as FilePath
from typing import Any

from modelwire.config.known_paths import unread_paths
from modelwire.document import format_path
from modelwire.errors import ConfigError, Problem
from modelwire.warnings import MisspeltKeyWarning

__all__ = ["misspelt_keys", "misspelt_keys_of_text", "misspelt_warning", "suggestion"]

_MOST = 500


def misspelt_keys(document: Any, text: str) -> list[Problem]:
    """List the keys that modelwire does not read and that are spelled much like one that it does.

    Args:
        document: The data, which may be a part of the file.
        text: The text of the file; parsed once more, for the lines, where there is such a key.
    """
    found = list(islice(unread_paths(document), _MOST))
    if not found:
        return []
    from modelwire.document import SyntaxMistake, parse

    try:
        tree = parse(text)
    except SyntaxMistake:
        tree = None
    keys = [
        Problem(
            format_path(path),
            f"may be misspelt. Did you mean {check.near}?",
            tree.line(path) if tree else None,
        )
        for path, check in found
    ]
    return sorted(keys, key=lambda key: key.line or 0)


def misspelt_keys_of_text(text: str) -> list[Problem]:
    """List the misspelt keys of a file that cannot be used; none where it is not JSON5."""
    from modelwire.document import read_value

    try:
        return misspelt_keys(read_value(text, ()), text)
    except (ConfigError, RecursionError):
        return []


def suggestion(key: Problem, source: object) -> str:
    """Describe in one line where a misspelt key is, with a suggestion."""
    line = f":{key.line}" if key.line is not None else ""
    return f"{source}{line}: {key.path} {key.message}"


def misspelt_warning(keys: list[Problem], source: FilePath) -> MisspeltKeyWarning:
    """Make the warning about misspelt keys of a file."""
    message = suggestion(keys[0], source)
    if keys[1:]:
        message += f" `modelwire config validate` lists all {len(keys)} such keys."
    return MisspeltKeyWarning(message, path=str(source), problems=keys)
