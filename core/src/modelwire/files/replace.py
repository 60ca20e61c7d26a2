"""Files of the user's own: paths as people write them, locks, and replacement as a whole.

What is written here is readable by its owner alone, is there as a whole or not at all, even after a
power cut, and leaves nothing behind that the next writer does not clear away:

    with locked(path):
        replace_file(path, make(path.read_bytes()))
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = [
    "OWNER_ONLY",
    "append_text",
    "locked",
    "replace_file",
    "replace_unlocked",
    "user_path",
]

OWNER_ONLY = 0o600
"""The permissions of a file that only its owner may read and write."""

_FOLDER_MODE = 0o700
_PATIENCE = 10.0
_DRAFT = ".tmp"
_OLD_DRAFT = 3600.0
_BINARY = getattr(os, "O_BINARY", 0)


def user_path(path: str | os.PathLike[str]) -> Path:
    """A path as a user writes it: `~` is the home folder, `~name` that of another user.

    Where there is no such user, or no home, the path stays as it is; it is then found not to exist.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's own raises for an unknown user


@contextmanager
def locked(path: Path, *, patience: float | None = None) -> Iterator[None]:
    """Keep other processes and threads from writing a file meanwhile; create its folder if need be.

    The lock is a hidden, empty file beside it. It stays, because removing it would let two waiting
    processes lock two different files. Waiting for it blocks the thread.

    Args:
        path: What is locked.
        patience: Seconds to wait for another process, by default ten.

    Raises:
        TimeoutError: Another process keeps the lock.
        OSError: The folder cannot be written.
    """
    # Imported here, because most programs only read.
    from filelock import FileLock, Timeout

    patience = _PATIENCE if patience is None else patience
    path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=patience, mode=OWNER_ONLY)
    try:
        lock.acquire(poll_interval=0.01)
    except Timeout as error:
        msg = f"Another process has been writing {path} for {patience:g} seconds."
        raise TimeoutError(msg) from error
    try:
        yield
    finally:
        lock.release()


def replace_file(path: Path, data: bytes) -> None:
    """Replace the content of a file atomically; a missing file is created.

    The caller holds the lock, see `locked`. The owner of the file does not change.

    Args:
        path: The file; where it is a symbolic link, the link is replaced.
        data: The new content.

    Raises:
        OSError: It cannot be written; the file is as it was.
    """
    # The lock makes a fixed name safe, so what a killed process has left there is found again.
    draft = path.with_name(f".{path.name}{_DRAFT}")
    draft.unlink(missing_ok=True)
    _replace(
        path,
        draft,
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, OWNER_ONLY),
        data,
    )


def replace_unlocked(path: Path, data: bytes) -> None:
    """Give a file another content as `replace_file` does, without a lock; create its folder if need be.

    It is for folders of many files whose new content does not depend on the old one: of writers side
    by side the last one wins. What killed processes have left in the folder is cleared away when it is
    an hour old.

    Args:
        path: The file; where it is a symbolic link, the link is replaced.
        data: The new content.

    Raises:
        OSError: It cannot be written; the file is as it was.
    """
    import tempfile

    path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    _clear_drafts(path.parent)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=_DRAFT)
    _replace(path, Path(draft), handle, data)


def append_text(path: Path, text: str) -> None:
    """Append text to a file, and make it readable by its owner alone, also where it was there before.

    For files that grow line by line, as recordings; what is appended may be cut by a crash.

    Args:
        path: The file; its folder is there.
        text: The text; may be empty, to find out whether the file can be written.

    Raises:
        OSError: It cannot be written.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _BINARY, OWNER_ONLY)
    with os.fdopen(handle, "wb") as file:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            path.chmod(OWNER_ONLY)
        file.write(text.encode())


def _replace(path: Path, draft: Path, handle: int, data: bytes) -> None:
    try:
        with os.fdopen(handle, "wb") as file:
            _keep_owner(file.fileno(), path)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _clear_drafts(folder: Path) -> None:
    """Remove what killed processes have left, but nothing that may still be written."""
    old = time.time() - _OLD_DRAFT
    for draft in folder.glob(f".*{_DRAFT}"):
        with suppress(OSError):
            if draft.stat().st_mtime < old:
                draft.unlink()


def _keep_owner(handle: int, path: Path) -> None:
    """Let the new file belong to the owner of the old one, as when root edits it."""
    try:
        old = path.stat()
    except FileNotFoundError:
        return
    new = os.fstat(handle)
    if hasattr(os, "fchown") and (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        os.fchown(handle, old.st_uid, old.st_gid)


def _sync_folder(folder: Path) -> None:
    """Make the new name of the file survive a power cut, where the system can do that."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
