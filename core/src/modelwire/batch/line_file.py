"""Files of JSON lines that are only appended to: each line is in the file as a whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from modelwire.errors import BatchError

__all__ = ["LineFile", "encode_line", "sound_lines"]

_BINARY: Final = getattr(os, "O_BINARY", 0)
_encoder: Final = msgspec.json.Encoder()


def encode_line(record: dict[str, Any]) -> bytes:
    """A record as a line of JSON."""
    return _encoder.encode(record) + b"\n"


def sound_lines(path: Path) -> Iterator[tuple[int, bytes, int]]:
    """The complete lines of a file: the number, the text and the offset of the end of each.

    A line without an end, as a killed process leaves one, is left out.

    Raises:
        OSError: The file cannot be read.
    """
    end = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            end += len(line)
            yield number, line, end


class LineFile:
    """A file that lines are appended to.

    If a write fails, as on a full disk, the file is cut back to the lines before it. What follows is
    refused then, so that no line is written after a part of one.

    Args:
        path: The file; it is created if need be.
        size: The size of its complete lines; anything that follows them is cut off.

    Raises:
        BatchError: It cannot be opened.
    """

    def __init__(self, path: Path, size: int = 0) -> None:
        self.path = path
        self._size = size
        self._broken: BatchError | None = None
        try:
            self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _BINARY, 0o666)
            try:
                os.ftruncate(self._handle, size)
            except BaseException:
                os.close(self._handle)
                raise
        except OSError as error:
            raise self._unwritable(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, lines: bytes) -> None:
        """Append complete lines.

        Raises:
            BatchError: They cannot be written; the file is as it was.
        """
        if self._broken is not None:
            raise self._broken
        written = 0
        try:
            while written < len(lines):
                written += os.write(self._handle, lines[written:] if written else lines)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._handle, self._size)
            self._broken = self._unwritable(error)
            raise self._broken from error
        self._size += len(lines)

    def close(self) -> None:
        """Close the file, after its lines have been written to the disk."""
        with suppress(OSError):
            os.fsync(self._handle)
        os.close(self._handle)

    def _unwritable(self, error: OSError) -> BatchError:
        msg = f"Cannot write {self.path}: {error.strerror or error}."
        hint = "The answers before are kept; the same command continues when it can be written."
        return BatchError(msg, source=str(self.path), hint=hint)
