"""Reading of regular files, up to a size limit and without waiting for a writer.

A FIFO, a device or a file of several gigabytes in place of a configuration must not block the
program. The kind of the file is checked before it is opened, because opening a device can have
effects, and again once it is open, because the path may have changed by then.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO, Literal

from attrs import field, frozen

__all__ = ["SIZE_LIMITS", "FileContent", "FileKind", "open_file", "read_file"]

FileKind = Literal[
    "approvals",
    "configuration",
    "model list",
    "operations",
    "patch",
    "recording",
    "session",
    "tools",
]

_MIB = 1024 * 1024

SIZE_LIMITS: Mapping[FileKind, int] = {
    "approvals": 1 * _MIB,
    "configuration": 1 * _MIB,
    "model list": 64 * _MIB,
    "operations": 8 * _MIB,
    "patch": 1 * _MIB,
    "recording": 64 * _MIB,
    "session": 256 * _MIB,
    "tools": 8 * _MIB,
}
"""The maximum size of a file of each kind, in bytes."""

_FLAGS: int = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


@frozen
class FileContent:
    """The bytes of a file, and its status when they were read.

    Attributes:
        raw: The bytes.
        status: The status of the open file, so that owner and mode are those of these bytes.
    """

    raw: bytes = field(repr=False)
    status: os.stat_result = field(repr=False, eq=False)


def open_file(path: Path) -> BinaryIO:
    """Open a regular file for reading.

    Raises:
        OSError: It cannot be opened, or it is a folder, a FIFO, a socket or a device.
        ValueError: The path is not valid.
    """
    _check_kind(path, path.stat().st_mode)
    handle = os.open(path, _FLAGS)
    try:
        _check_kind(path, os.fstat(handle).st_mode)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_file(path: Path, kind: FileKind) -> FileContent:
    """Read a regular file whole.

    Args:
        path: The file.
        kind: Its kind, which has a limit in `SIZE_LIMITS`.

    Raises:
        OSError: It cannot be read, is no regular file, or is larger than its kind allows.
        ValueError: The path cannot be one.
    """
    limit = SIZE_LIMITS[kind]
    with open_file(path) as file:
        status = os.fstat(file.fileno())
        # The size is checked first, so that no part of a file that is too large is read.
        raw = file.read(limit + 1) if status.st_size <= limit else b""
    if status.st_size > limit or len(raw) > limit:
        reason = f"this is larger than {limit // _MIB} MiB"
        raise OSError(errno.EFBIG, reason, str(path))
    return FileContent(raw, status)


def _check_kind(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "this is a folder, not a file", str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, f"this is {_kind(mode)}, not a regular file", str(path))


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a FIFO"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"
