"""Finding the configuration file and loading it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from modelwire.config.configuration import SUMMARY, Config, build_config
from modelwire.config.paths import Path, format_path
from modelwire.config.reading import read_document, read_text
from modelwire.errors import ConfigError, Problem

if TYPE_CHECKING:
    from modelwire.config.syntax import Tree

__all__ = ["FILE_NAME", "VARIABLE", "find_config", "load_config"]

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
    environ = os.environ if environ is None else environ
    cwd = _working_directory() if cwd is None else cwd
    if explicit is not None:
        return _demand(cwd / os.path.expanduser(explicit), "Check the path.")  # noqa: PTH111 - Path's raises
    if named := environ.get(VARIABLE, "").strip():
        hint = (
            f"The environment variable {VARIABLE} names this file: create it, or unset {VARIABLE}."
        )
        return _demand(cwd / os.path.expanduser(named), hint)  # noqa: PTH111 - as above
    if _exists(cwd / FILE_NAME):
        return cwd / FILE_NAME
    # Imported here, because most runs know their file before they come to this line.
    from platformdirs import user_config_path

    personal = user_config_path("modelwire") / FILE_NAME
    return personal if _exists(personal) else None


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
    text = read_text(found)
    try:
        data, repeated = read_document(text, found)
        config, problems = build_config(data, environ, found)
    except RecursionError as error:
        msg = f"{found}: the configuration is nested too deeply."
        raise ConfigError(msg) from error
    if config is None or repeated:
        raise ConfigError(SUMMARY, problems=_with_lines(problems, text), source=str(found))
    return config


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
    from modelwire.config.syntax import parse
    from modelwire.config.tokens import SyntaxMistake

    try:
        return parse(text)
    except SyntaxMistake:
        return None


def _working_directory() -> FilePath:
    try:
        return FilePath.cwd()
    except OSError:  # it was deleted; nothing is found in it, and absolute paths still work
        return FilePath()


def _demand(path: FilePath, hint: str) -> FilePath:
    if not _exists(path):
        msg = f"Config file not found: {path}"
        raise ConfigError(msg, hint=hint)
    return path


def _exists(path: FilePath) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
