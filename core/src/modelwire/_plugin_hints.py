"""Hints about broken plugins: for users, or for the author where one is installed from its sources."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

__all__ = ["FOR_USERS", "SourceLine", "place_of", "plugin_hint", "update_hint"]

FOR_USERS = "This is a bug in the plugin; tell its author."
"""The hint for users of a plugin that does not keep its contract."""


class SourceLine(NamedTuple):
    """A line of source code."""

    file: str
    line: int


def plugin_hint(
    distribution: str, otherwise: str = FOR_USERS, *, at: SourceLine | BaseException | None = None
) -> str:
    """Say what to do about a broken plugin.

    A package that is installed in editable mode is most likely the reader's own, so the hint names the
    place to repair.

    Args:
        distribution: The plugin's package.
        otherwise: The hint where the package is not installed in editable mode.
        at: Where the mistake is, or the exception that it raised.
    """
    folder = _source_folder(distribution)
    if folder is None:
        return otherwise
    place = _innermost(at, folder) if isinstance(at, BaseException) else at
    if place is None:
        return f"Fix it in {folder}: {distribution} is installed from there in editable mode."
    return f"Fix it at {place.file}:{place.line}: {distribution} is installed in editable mode."


def update_hint(distribution: str, at: SourceLine | BaseException | None = None) -> str:
    """The hint for a plugin that this version of modelwire cannot use."""
    return plugin_hint(distribution, f"Update {distribution}, or tell its author.", at=at)


def place_of(function: object) -> SourceLine | None:
    """Where a function is defined; `None` for what was not written in Python."""
    import inspect

    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return None if code is None else SourceLine(code.co_filename, code.co_firstlineno)


def _source_folder(distribution: str) -> Path | None:
    """The folder that a package was installed from in editable mode (PEP 610)."""
    import json
    import os
    from importlib import metadata
    from urllib.parse import unquote, urlsplit

    try:
        origin = json.loads(
            metadata.distribution(distribution).read_text("direct_url.json") or "{}"
        )
        if origin["dir_info"]["editable"] is not True:
            return None
        path = unquote(urlsplit(origin["url"]).path)
        return Path(path.lstrip("/") if os.name == "nt" else path)
    except (metadata.PackageNotFoundError, OSError, ValueError, LookupError, TypeError):
        return None  # installed otherwise, not at all, or described by something unreadable


def _innermost(error: BaseException, folder: Path) -> SourceLine | None:
    """The innermost line of the package's own code that an exception came through."""
    import traceback

    if isinstance(error, SyntaxError) and error.filename and _is_in(error.filename, folder):
        return SourceLine(error.filename, error.lineno or 1)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if _is_in(frame.filename, folder):
            return SourceLine(frame.filename, frame.lineno or 1)
    return None


def _is_in(file: str, folder: Path) -> bool:
    return Path(file).resolve().is_relative_to(folder.resolve())
