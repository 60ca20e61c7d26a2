"""Atomic file replacement: locked, whole or not at all, readable by the owner only."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from modelwire.errors import ConfigError

__all__ = ["MODE", "locked", "replace_file", "target_of", "unwritable"]

MODE = 0o600
"""The permissions of the file: it may hold keys, so only its owner may read it."""

_FOLDER_MODE = 0o700
_PATIENCE = 10.0


def target_of(path: Path) -> Path:
    """Find the file that is really written: what a symbolic link leads to, or the path itself.

    Raises:
        ConfigError: A link leads nowhere or in a circle, or the target is no regular file or must
            not be written.
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


@contextlib.contextmanager
def locked(target: Path) -> Iterator[None]:
    """Keep other processes from writing the file meanwhile; create its folder if need be.

    The lock is a hidden, empty file beside the target. It stays, because removing it would let two
    waiting processes lock two different files.

    Raises:
        ConfigError: The folder cannot be written, or another process keeps the lock.
    """
    # Imported here, because reading the configuration does not need it.
    from filelock import FileLock, Timeout

    try:
        target.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        lock = FileLock(target.with_name(f".{target.name}.lock"), timeout=_PATIENCE, mode=MODE)
        lock.acquire()
    except Timeout as error:
        msg = f"Another process has been writing {target} for {_PATIENCE:g} seconds."
        raise ConfigError(msg, hint="Nothing was written. Try again.") from error
    except OSError as error:
        raise unwritable(target, error) from error
    try:
        yield
    finally:
        lock.release()


def replace_file(target: Path, raw: bytes) -> None:
    """Give a file another content, whole or not at all. The caller holds the lock.

    Raises:
        ConfigError: It cannot be written; the file is as it was.
    """
    # The lock makes the fixed name safe, and one that a killed process has left is cleared away.
    temporary = target.with_name(f".{target.name}.tmp")
    try:
        temporary.unlink(missing_ok=True)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
        try:
            with os.fdopen(handle, "wb") as file:
                _keep_owner(file.fileno(), target)
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
    except OSError as error:
        raise unwritable(target, error) from error


def unwritable(path: Path, error: Exception) -> ConfigError:
    """Make the error for a file that the operating system does not let us write."""
    reason = getattr(error, "strerror", None) or str(error)
    msg = f"The configuration cannot be written: {path}: {reason}."
    return ConfigError(msg, hint="Nothing was changed.")


def _keep_owner(handle: int, target: Path) -> None:
    """Let the new file belong to whom the old one belonged, as when root edits it."""
    try:
        old = target.stat()
    except FileNotFoundError:
        return
    new = os.fstat(handle)
    if hasattr(os, "fchown") and (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        os.fchown(handle, old.st_uid, old.st_gid)


def _sync_folder(folder: Path) -> None:
    """Make the new name of the file outlive a power cut, where the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _named(path: Path, target: Path) -> str:
    return f"{path} (a link to {target})" if path.is_symlink() else str(path)
