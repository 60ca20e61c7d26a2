"""The source of a configuration: its file, how that was found, and whether it is trusted.

A file that the user names, by `--config`, in Python or by `$MODELWIRE_CONFIG`, is trusted, and so
is the one in the user's configuration folder. One that was found in the working directory is
trusted where the user has approved it, in a folder that `$MODELWIRE_TRUST` names, or where the
caller says so; and never where another user can change it. `verdict` decides that.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Literal

from attrs import field, frozen

from modelwire.config.verdict import Distrust, distrust_of
from modelwire.document.read import decode_text, read_content
from modelwire.errors import ConfigError
from modelwire.files import user_path

__all__ = [
    "FILE_NAME",
    "VARIABLE",
    "ConfigFile",
    "ConfigPlace",
    "config_place",
    "find_config",
    "find_place",
    "locate_config",
    "open_config",
    "own_config",
]

FILE_NAME = "modelwire.json5"
VARIABLE = "MODELWIRE_CONFIG"


@frozen
class ConfigPlace:
    """The place of the configuration file, and its origin.

    Attributes:
        path: The file, which need not exist.
        origin: `named` by the user; `found` in the working directory; or the user's `own`.
    """

    path: FilePath
    origin: Literal["named", "found", "own"]


@frozen
class ConfigFile:
    """A configuration file with its content.

    Attributes:
        path: The file, as the user knows it.
        real: The file, with all links resolved.
        raw: Its bytes.
        text: Its text, without a byte order mark.
        origin: As for `ConfigPlace`.
        distrust: The reason why it is not trusted; `None` where it is.
    """

    path: FilePath
    real: FilePath
    raw: bytes = field(repr=False)
    text: str = field(repr=False)
    origin: Literal["named", "found", "own"] = "named"
    distrust: Distrust | None = None

    @property
    def base(self) -> FilePath:
        """The file whose folder relative paths are resolved against.

        For a found link, this is its target: the link may be in another user's folder.
        """
        return self.real if self.origin == "found" and self.path.is_symlink() else self.path


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
    place = find_place(explicit, environ, cwd)
    return place.path if place is not None else None


def find_place(
    explicit: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: FilePath | None = None,
) -> ConfigPlace | None:
    """The same as `find_config`, with the origin of the file."""
    place = locate_config(explicit, environ, cwd)
    if _exists(place.path):
        return place
    environ = os.environ if environ is None else environ
    msg = f"Config file not found: {place.path}"
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
    """The place of the configuration file, or the place where it would be created.

    Like `find_config`, but for a file that does not exist: one that is given or named by the
    variable need not exist, and where there is none at all it is the user's own.
    """
    return locate_config(explicit, environ, cwd).path


def locate_config(
    explicit: str | os.PathLike[str] | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: FilePath | None = None,
) -> ConfigPlace:
    """The same as `config_place`, with the origin of the file."""
    environ = os.environ if environ is None else environ
    cwd = _working_directory() if cwd is None else cwd
    if explicit is not None:
        return ConfigPlace(cwd / user_path(explicit), "named")
    if named := environ.get(VARIABLE, "").strip():
        return ConfigPlace(cwd / user_path(named), "named")
    if _exists(cwd / FILE_NAME):
        return ConfigPlace(cwd / FILE_NAME, "found")
    own = own_config()
    return ConfigPlace(own, "own" if own.is_absolute() else "found")


def own_config() -> FilePath:
    """The file in the user's configuration folder, which need not exist.

    A relative path, as with a relative `$HOME`, differs in every working directory.
    """
    # Imported here, because most runs know their file before they come to this line.
    from platformdirs import user_config_path

    return user_config_path("modelwire") / FILE_NAME


def open_config(
    place: ConfigPlace,
    environ: Mapping[str, str] | None = None,
    *,
    trust: bool | None = None,
) -> ConfigFile:
    """Read a configuration file, and decide whether it is trusted.

    Args:
        place: The file.
        environ: The environment variables; by default those of the process.
        trust: `True` trusts a found file that no other user can change; `False` trusts no file, also
            a named one; `None` is what `--trust` says, or else the user's approvals.

    Raises:
        ConfigError: The file does not exist, cannot be read or is not UTF-8.
    """
    environ = os.environ if environ is None else environ
    real, origin = place.path, place.origin
    if origin == "found":
        real = _resolved(place.path)
        own = own_config()
        if own.is_absolute() and real == _resolved(own):
            origin = "own"
    # What is decided on is what was read: these bytes, and the status of the open file.
    content = read_content(real)
    distrust = None
    if origin == "found" or trust is False:
        distrust = distrust_of(real, content, environ, trust)
    text = decode_text(content.raw, place.path)
    return ConfigFile(place.path, real, content.raw, text, origin, distrust)


def _resolved(path: FilePath) -> FilePath:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path  # reading it reports the error


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
