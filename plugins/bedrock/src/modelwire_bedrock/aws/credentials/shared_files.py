"""The shared files `~/.aws/config` and `~/.aws/credentials`, read without botocore.

The format is the one of botocore's `configloader`: sections `[default]`, `[profile NAME]`,
`[sso-session NAME]` and `[services NAME]` in the first file, plain names of profiles in the second,
whose values win; an indented block is a table of its own.
"""

from __future__ import annotations

import configparser
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from attrs import Factory, frozen

from modelwire_bedrock.aws.credentials.environment import expand_path

__all__ = ["Section", "SharedFiles", "read_shared_files"]

Section = dict[str, Any]


@frozen
class SharedFiles:
    """The contents of the two files.

    Attributes:
        config_path: The file with the settings, whether or not it exists.
        credentials_path: The file with the keys, whether or not it exists.
        profiles: Keys and values by the profile's name.
        sso_sessions: Keys and values by the session's name.
        services: Tables by service, by the section's name.
        problem: Why a file could not be read, or `None`.
        stamp: Changes whenever one of the files does.
    """

    config_path: Path
    credentials_path: Path
    profiles: dict[str, Section] = Factory(dict)
    sso_sessions: dict[str, Section] = Factory(dict)
    services: dict[str, Section] = Factory(dict)
    problem: str | None = None
    stamp: tuple[tuple[int, int], ...] = ()

    def profile(self, name: str | None) -> Section:
        """The keys and values of a profile; none if there is no such profile."""
        return self.profiles.get(name or "default", {})


def read_shared_files(environ: Mapping[str, str]) -> SharedFiles:
    """Read both files; they are parsed again only when they have changed. Does not raise."""
    config = expand_path(environ.get("AWS_CONFIG_FILE") or "~/.aws/config", environ)
    keys = expand_path(environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials", environ)
    return _read(config, keys, (_stamp(config), _stamp(keys)))


@lru_cache(maxsize=8)
def _read(config: Path, keys: Path, stamp: tuple[tuple[int, int], ...]) -> SharedFiles:
    profiles: dict[str, Section] = {}
    sso_sessions: dict[str, Section] = {}
    services: dict[str, Section] = {}
    homes = {"profile": profiles, "sso-session": sso_sessions, "services": services}
    try:
        for title, values in _parse(config).items():
            kind, name = _split_title(title)
            if kind in homes and name is not None:
                homes[kind][name] = values
        for name, values in _parse(keys).items():
            profiles.setdefault(name, {}).update(values)
    except _UnreadableError as error:
        return SharedFiles(config, keys, problem=str(error), stamp=stamp)
    return SharedFiles(config, keys, profiles, sso_sessions, services, stamp=stamp)


class _UnreadableError(Exception):
    """A file exists but cannot be read."""


def _parse(path: Path) -> dict[str, Section]:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        return {
            title: {key: _value(parser.get(title, key)) for key in parser.options(title)}
            for title in parser.sections()
        }
    except FileNotFoundError:
        return {}
    except OSError as error:
        msg = f"{path} cannot be read: {(error.strerror or 'unknown error').lower()}"
        raise _UnreadableError(msg) from None
    except (configparser.Error, ValueError) as error:
        # The parser's own message would quote the line, which may hold a key.
        line = getattr(error, "lineno", None) or _first_line(getattr(error, "errors", ()))
        place = f"{path}, line {line}" if line else str(path)
        msg = f"{place} does not follow the format of AWS configuration files"
        raise _UnreadableError(msg) from None


def _first_line(errors: Sequence[tuple[int, str]]) -> int | None:
    return errors[0][0] if errors else None


def _value(text: str) -> Any:
    if not text.startswith("\n"):
        return text
    pairs = (line.split("=", 1) for line in text.splitlines() if line.strip())
    return {key.strip(): value.strip() for key, value in pairs}


def _split_title(title: str) -> tuple[str, str | None]:
    if title == "default":
        return "profile", "default"
    import shlex

    try:
        parts = shlex.split(title)
    except ValueError:
        return title, None
    return (parts[0], parts[1]) if len(parts) == 2 else (title, None)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size
