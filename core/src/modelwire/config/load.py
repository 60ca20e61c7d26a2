"""Loading of the configuration file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from modelwire.config.config import SUMMARY, Config, build_config
from modelwire.document import Path, format_path, read_document, read_text
from modelwire.errors import ConfigError, Problem
from modelwire.files import user_path

if TYPE_CHECKING:
    from modelwire.document import Tree

__all__ = [
    "FILE_NAME",
    "VARIABLE",
    "check_text",
    "config_place",
    "find_config",
    "load_config",
    "read_config",
]

FILE_NAME = "modelwire.json5"
VARIABLE = "MODELWIRE_CONFIG"


def find_config(
    explicit: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: FilePath | None = None,
) -> FilePath | None:
    """Find the configuration file.

    The first of these counts: the file that is given, the one that `$MODELWIRE_CONFIG` names,
    `modelwire.json5` in the working directory, `modelwire.json5` in the user's configuration folder.

    Args:
        explicit: A file that must exist.
        environ: The environment variables; by default those of the process.
        cwd: The working directory; by default that of the process.

    Returns:
        The file, or `None` where there is none.

    Raises:
        ConfigError: A file that is given or named by the variable does not exist.
    """
    place = config_place(explicit, environ, cwd)
    if _exists(place):
        return place
    environ = os.environ if environ is None else environ
    msg = f"Config file not found: {place}"
    if explicit is not None:
        raise ConfigError(msg, hint="Check the path.")
    if environ.get(VARIABLE, "").strip():
        hint = (
            f"The environment variable {VARIABLE} names this file: create it, or unset {VARIABLE}."
        )
        raise ConfigError(msg, hint=hint)
    return None


def config_place(
    explicit: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: FilePath | None = None,
) -> FilePath:
    """Say where the configuration file is, or where it would be created.

    Like `find_config`, but for a file that does not exist: one that is given or named by the
    variable need not exist, and where there is none at all it is the user's own.
    """
    environ = os.environ if environ is None else environ
    cwd = _working_directory() if cwd is None else cwd
    if explicit is not None:
        return cwd / user_path(explicit)
    if named := environ.get(VARIABLE, "").strip():
        return cwd / user_path(named)
    if _exists(cwd / FILE_NAME):
        return cwd / FILE_NAME
    # Imported here, because most runs know their file before they come to this line.
    from platformdirs import user_config_path

    return user_config_path("modelwire") / FILE_NAME


def load_config(
    path: str | os.PathLike[str] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    cwd: FilePath | None = None,
) -> Config:
    """Load the configuration file, or an empty configuration where there is no file.

    Args:
        path: The file; by default the one that `find_config` finds.
        environ: The environment variables; by default those of the process.
        cwd: The working directory; by default that of the process.

    Raises:
        ConfigError: The file does not exist, cannot be read, is not JSON5 or does not follow the
            schema. All problems that can be found at once are listed, with their lines.
    """
    found = find_config(path, environ, cwd)
    if found is None:
        return Config.empty(environ)
    return read_config(read_text(found), found, environ)


def read_config(text: str, source: FilePath, environ: Mapping[str, str] | None = None) -> Config:
    """Read a configuration from the text of its file.

    Args:
        text: The text, without a byte order mark.
        source: The file, which errors name.
        environ: The environment variables; by default those of the process.

    Raises:
        ConfigError: The text is not JSON5 or does not follow the schema; all problems are listed.
    """
    try:
        data, repeated = read_document(text, source)
        config, problems = build_config(data, environ, source)
    except RecursionError as error:
        msg = f"{source}: the configuration is nested too deeply."
        raise ConfigError(msg) from error
    if config is None or repeated:
        raise ConfigError(SUMMARY, problems=_with_lines(problems, text), source=str(source))
    return config


def check_text(
    text: str, source: FilePath, environ: Mapping[str, str] | None = None
) -> list[Problem]:
    """List what is wrong with the text of a configuration file, as `read_config` finds it."""
    try:
        read_config(text, source, environ)
    except ConfigError as error:
        return list(error.problems) or [Problem("", error.message)]
    return []


def _with_lines(problems: list[tuple[Path, str]], text: str) -> list[Problem]:
    """Give each problem its line, add the keys that come twice, and sort by line."""
    tree = _parse(text)
    if tree is None:
        return [Problem(format_path(path), message) for path, message in problems]
    located = [Problem(format_path(path), message, tree.line(path)) for path, message in problems]
    for path, first, line in tree.duplicates():
        message = f"this key is given twice, on lines {first} and {line}; keep one of them"
        located.append(Problem(format_path(path), message, line))
    return sorted(located, key=lambda problem: problem.line or 0)


def _parse(text: str) -> Tree | None:
    from modelwire.document import SyntaxMistake, parse

    try:
        return parse(text)
    except SyntaxMistake:
        return None


def _working_directory() -> FilePath:
    try:
        return FilePath.cwd()
    except OSError:  # it was deleted; nothing is found in it, and absolute paths still work
        return FilePath()


def _exists(path: FilePath) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
