"""Loading of the configuration file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from attrs import evolve

from modelwire.config.config import SUMMARY, Config, build_config
from modelwire.config.environment import MissingVariable, has_placeholder
from modelwire.config.source import (
    ConfigFile,
    find_place,
    open_config,
    own_config,
)
from modelwire.config.trust import safe_part
from modelwire.document import Path, format_path, plain_data, read_document, value_at
from modelwire.errors import ConfigError, Problem
from modelwire.warnings import UntrustedConfigWarning, warn_caller

if TYPE_CHECKING:
    from modelwire.document import Tree

__all__ = [
    "check_text",
    "check_untrusted",
    "config_of",
    "load_config",
    "read_config",
    "warning_for",
]

_MOST = 500
"""The maximum of problems of each kind that are listed."""

_NAMED, _LONGEST = 4, 80
"""The maximum of paths in a warning, and of characters of each."""


def load_config(
    path: str | os.PathLike[str] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    cwd: FilePath | None = None,
    trust: bool | None = None,
) -> Config:
    """Load the configuration file, or an empty configuration where there is no file.

    A file that is found in the working directory is trusted only after the user has approved it.
    Of one that is not, the parts that could redirect requests, read variables or run commands are
    left out, as `Config.left_out` says.

    Args:
        path: The file; by default the one that `find_config` finds.
        environ: The environment variables; by default those of the process.
        cwd: The working directory; by default that of the process.
        trust: `True` trusts a file found in the working directory, unless another user can change
            it. `False` leaves the unsafe parts out of any file. `None` leaves it to
            `$MODELWIRE_TRUST` and the user's approvals.

    Raises:
        ConfigError: The file does not exist, cannot be read, is not JSON5 or does not follow the
            schema. All problems that can be found at once are listed, with their lines.

    Warns:
        UntrustedConfigWarning: A file that was found is not trusted: parts were left out, or it is
            used in place of the user's own. Not with `trust=False`.
        MisspeltKeyWarning: Keys look misspelt; also where a `ConfigError` is raised.
    """
    place = find_place(path, environ, cwd)
    if place is None:
        return Config.empty(environ)
    # Only a program with a configuration needs them.
    from modelwire.config.misspelt import misspelt_keys, misspelt_keys_of_text

    file = open_config(place, environ, trust=trust)
    try:
        config = config_of(file, environ)
    except ConfigError:
        _warn_of_misspelt(misspelt_keys_of_text(file.text), file)
        raise
    _warn_of_misspelt(misspelt_keys(config.authored, file.text), file)
    if trust is not False and (warning := warning_for(file, config.left_out)) is not None:
        warn_caller(warning)
    return config


def config_of(file: ConfigFile, environ: Mapping[str, str] | None = None) -> Config:
    """Make the configuration of a file; of an untrusted one, from its safe part.

    Raises:
        ConfigError: As for `read_config`.
    """
    trusted = file.distrust is None
    config = read_config(file.text, file.path, environ, trusted=trusted)
    return config if file.base == file.path else evolve(config, path=file.base)


def warning_for(file: ConfigFile, left_out: Sequence[str]) -> UntrustedConfigWarning | None:
    """A line about the parts left out of an untrusted file; `None` where there are none."""
    if file.distrust is None:
        return None
    own = own_config()
    hidden = f" It is used in place of {own}." if own.exists() else ""
    if not left_out and not hidden:
        return None
    named = ", ".join(_shortened(path) for path in left_out[:_NAMED]) or "nothing"
    more = f" and {len(left_out) - _NAMED} more" if len(left_out) > _NAMED else ""
    message = (
        f"{file.path} is not trusted: {file.distrust.reason}. Left out: {named}{more}.{hidden}"
    )
    return UntrustedConfigWarning(
        f"{message} {file.distrust.hint}",
        path=str(file.path),
        reason=file.distrust.reason,
        left_out=left_out,
    )


def _warn_of_misspelt(keys: list[Problem], file: ConfigFile) -> None:
    if keys:
        from modelwire.config.misspelt import misspelt_warning

        warn_caller(misspelt_warning(keys, file.path))


def _shortened(path: str) -> str:
    return path if len(path) <= _LONGEST else f"{path[: _LONGEST - 3]}..."


def read_config(
    text: str,
    source: FilePath,
    environ: Mapping[str, str] | None = None,
    *,
    trusted: bool = True,
) -> Config:
    """Read a configuration from the text of its file.

    Args:
        text: The text, without a byte order mark.
        source: The file, which errors name.
        environ: The environment variables; by default those of the process.
        trusted: Whether the whole document may be used, or only its safe part.

    Raises:
        ConfigError: The text is not JSON5 or does not follow the schema; all problems are listed.
    """
    left_out: list[str] = []
    try:
        data, repeated = read_document(text, source)
        if not trusted:
            part = safe_part(plain_data(data)[0])
            data, left_out = part.document, part.names()
        config, problems = build_config(data, environ, source)
    except RecursionError as error:
        msg = f"{source}: the configuration is nested too deeply."
        raise ConfigError(msg) from error
    if config is None or repeated:
        raise ConfigError(SUMMARY, problems=_with_lines(problems, text), source=str(source))
    if config.missing:
        config = evolve(config, missing=_located(config.missing, text))
    return evolve(config, left_out=tuple(left_out)) if left_out else config


def check_text(
    text: str, source: FilePath, environ: Mapping[str, str] | None = None
) -> list[Problem]:
    """List the problems of a configuration file's text, including variables that are not set."""
    try:
        config = read_config(text, source, environ)
        config.require_variables(())
    except ConfigError as error:
        return list(error.problems) or [Problem("", error.message)]
    return []


def check_untrusted(text: str, source: FilePath) -> list[Problem]:
    """List the problems of an untrusted file's text, without reading any variable.

    A value with `${VAR}` in it is not checked.
    """
    try:
        data, repeated = read_document(text, source)
        authored, _ = plain_data(data)
        _, problems = build_config(data, {}, source)
    except ConfigError as error:
        return list(error.problems) or [Problem("", error.message)]
    known = [item for item in problems if not has_placeholder(value_at(authored, item[0]))]
    return _with_lines(known, text) if known or repeated else []


def _with_lines(problems: list[tuple[Path, str]], text: str) -> list[Problem]:
    """Add lines to problems and the duplicate keys, and sort by line."""
    problems = problems[:_MOST]
    tree = _parse(text)
    if tree is None:
        return [Problem(format_path(path), message) for path, message in problems]
    located = [Problem(format_path(path), message, tree.line(path)) for path, message in problems]
    for path, first, line in islice(tree.duplicates(), _MOST):
        message = f"this key is given twice, on lines {first} and {line}; keep one of them"
        located.append(Problem(format_path(path), message, line))
    return sorted(located, key=lambda problem: problem.line or 0)


def _located(missing: Sequence[MissingVariable], text: str) -> tuple[MissingVariable, ...]:
    tree = _parse(text)
    return tuple(evolve(item, line=tree.line(item.path) if tree else None) for item in missing)


def _parse(text: str) -> Tree | None:
    from modelwire.document import SyntaxMistake, parse

    try:
        return parse(text)
    except SyntaxMistake:
        return None
