"""Users who can also change a file: its owner, its mode and its folder.

Only systems with POSIX users are checked; elsewhere the checks find nothing.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from attrs import frozen

from modelwire.warnings import UnsafeFolderWarning, warn_caller

__all__ = [
    "Exposure",
    "belongs_to_another",
    "exposure_of_file",
    "exposure_of_folder",
    "warn_of_exposed_folder",
]

_ROOT = 0
_OTHER_WRITERS = stat.S_IWGRP | stat.S_IWOTH


@frozen
class Exposure:
    """The reason why another user can change a file.

    Attributes:
        reason: The problem, as the end of a sentence about the file.
        remedy: The shell command that corrects it.
    """

    reason: str
    remedy: str


def exposure_of_file(path: Path, status: os.stat_result) -> Exposure | None:
    """Find out whether another user can change a file or put another one in its place.

    The superuser's files count as safe for all users, because the superuser can change any file.

    Args:
        path: The file itself; a symbolic link has been resolved.
        status: Its status, best that of the open file.

    Returns:
        The reason, or `None` where only the user and the superuser can.
    """
    if not hasattr(os, "geteuid"):
        return None
    return _of_owner(path, status) or _of_mode(path, status) or _of_parent(path.parent)


def exposure_of_folder(path: Path) -> Exposure | None:
    """Find out whether another user can put files into a folder; `None` where there is none."""
    if not hasattr(os, "geteuid"):
        return None
    try:
        status = path.stat()
    except OSError:
        return None
    return _of_owner(path, status) or _of_mode(path, status)


def belongs_to_another(status: os.stat_result) -> bool:
    """Whether a file belongs to another user than this one or the superuser."""
    return hasattr(os, "geteuid") and status.st_uid not in (os.geteuid(), _ROOT)


def warn_of_exposed_folder(path: Path) -> None:
    """Issue an `UnsafeFolderWarning` where another user can put files into a folder."""
    exposure = exposure_of_folder(path)
    if exposure is not None:
        msg = f"The folder {path} is not safe: {exposure.reason}. Correct it: {exposure.remedy}"
        warn_caller(UnsafeFolderWarning(msg, path=str(path)))


def _of_owner(path: Path, status: os.stat_result) -> Exposure | None:
    if not belongs_to_another(status):
        return None
    reason = f"it belongs to another user (uid {status.st_uid})"
    return Exposure(reason, f"chown {os.geteuid()} {_quoted(path)}")


def _of_mode(path: Path, status: os.stat_result) -> Exposure | None:
    if not status.st_mode & _OTHER_WRITERS:
        return None
    reason = f"others can write to it (mode {stat.S_IMODE(status.st_mode):04o})"
    return Exposure(reason, f"chmod go-w {_quoted(path)}")


def _of_parent(folder: Path) -> Exposure | None:
    """In a folder that every user can write to, any user can replace a file, unless it is sticky."""
    try:
        mode = folder.stat().st_mode
    except OSError as error:
        reason = f"its folder cannot be checked ({error.strerror or error})"
        return Exposure(reason, f"ls -ld {_quoted(folder)}")
    if not mode & stat.S_IWOTH or mode & stat.S_ISVTX:
        return None
    reason = f"all users can write to its folder {folder} (mode {stat.S_IMODE(mode):04o})"
    return Exposure(reason, f"chmod o-w {_quoted(folder)}")


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))
