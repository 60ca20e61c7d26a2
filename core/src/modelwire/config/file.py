"""The configuration file on disk: its real path, its lock, and its replacement."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from modelwire.errors import ConfigError
from modelwire.files import locked, replace_file

__all__ = ["locked_config", "replace_config", "target_of", "unwritable"]

_WHAT = "The configuration"


def target_of(path: Path) -> Path:
    """Find the file to write: the target of a symbolic link, or the path itself.

    Raises:
        ConfigError: A link leads nowhere or in a circle, or the target is not a regular file or
            must not be written.
    """
    try:
        target = path.resolve(strict=path.is_symlink())
    except FileNotFoundError as error:
        msg = f"{path} is a symbolic link to {os.readlink(path)}, which does not exist."  # noqa: PTH115 - as written in the link
        raise ConfigError(msg, hint="Create that file, or remove the link.") from error
    except (OSError, RuntimeError, ValueError) as error:
        if not path.is_symlink():
            raise unwritable(path, error) from error
        msg = f"{path} is a symbolic link that leads in a circle, or nowhere."
        raise ConfigError(msg, hint="Remove the link, or let it lead to a file.") from error
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return target
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from error
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
        msg = f"The configuration cannot be written: {_named(path, target)} is {kind}."
        raise ConfigError(msg, hint="Name a file with --config.")
    if not os.access(target, os.W_OK):
        msg = f"The configuration cannot be written: {_named(path, target)} is read-only."
        raise ConfigError(msg, hint=f"Allow it with: chmod u+w {target}")
    return target


@contextmanager
def locked_config(target: Path, what: str = _WHAT) -> Iterator[None]:
    """Keep other processes from writing the configuration file, and its backups, meanwhile.

    Args:
        target: The file.
        what: Its kind of content, for errors.

    Raises:
        ConfigError: The folder cannot be written, or another process keeps the lock.
    """
    with ExitStack() as held:
        try:
            held.enter_context(locked(target))
        except TimeoutError as error:
            raise ConfigError(str(error), hint="Nothing was written. Try again.") from error
        except OSError as error:
            raise unwritable(target, error, what) from error
        yield


def replace_config(target: Path, raw: bytes, what: str = _WHAT) -> None:
    """Replace the configuration file, or one of its backups. The caller holds the lock.

    Args:
        target: The file.
        raw: Its new content.
        what: Its kind of content, for errors.

    Raises:
        ConfigError: It cannot be written; the file is unchanged.
    """
    try:
        replace_file(target, raw)
    except OSError as error:
        raise unwritable(target, error, what) from error


def unwritable(path: Path, error: Exception, what: str = _WHAT) -> ConfigError:
    """Make the error for a file that the operating system does not allow to write."""
    reason = getattr(error, "strerror", None) or str(error)
    msg = f"{what} cannot be written: {path}: {reason}."
    return ConfigError(msg, hint="Nothing was changed.")


def _named(path: Path, target: Path) -> str:
    return f"{path} (a link to {target})" if path.is_symlink() else str(path)
