"""Duplicate ids, found in constant memory."""

from __future__ import annotations

import struct
import tempfile
from contextlib import ExitStack
from hashlib import blake2b
from types import TracebackType
from typing import IO, Final, Self

__all__ = ["SeenIds"]

_PARTS: Final = 64
_KEPT: Final = 4 * 2**20
"""Bytes that are kept in memory before they are moved to temporary files."""
_ENTRY: Final = struct.Struct("<16sQ")


class SeenIds:
    """The ids of all lines, as hashes of 128 bits, divided into parts that fit into memory.

    As a context manager, it removes its temporary files at the end.
    """

    def __init__(self) -> None:
        self._kept = [bytearray() for _ in range(_PARTS)]
        self._size = 0
        self._files: list[IO[bytes]] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._open.close()

    def add(self, custom_id: str, line: int) -> None:
        """Note the id of a line.

        Raises:
            OSError: There is no space for temporary files.
        """
        digest = blake2b(custom_id.encode(), digest_size=16).digest()
        self._kept[digest[0] % _PARTS] += _ENTRY.pack(digest, line)
        self._size += _ENTRY.size
        if self._size > _KEPT:
            self._spill()

    def first_duplicate(self) -> tuple[int, int] | None:
        """The first line whose id a line before it has, after the number of that line.

        Raises:
            OSError: The temporary files cannot be read.
        """
        found = [each for part in range(_PARTS) if (each := self._duplicate_in(part)) is not None]
        return min(found, key=lambda lines: lines[1], default=None)

    def _spill(self) -> None:
        if not self._files:
            for _ in range(_PARTS):
                self._files.append(self._open.enter_context(tempfile.TemporaryFile()))  # noqa: SIM115 - on a stack
        for file, kept in zip(self._files, self._kept, strict=True):
            file.write(kept)
            kept.clear()
        self._size = 0

    def _duplicate_in(self, part: int) -> tuple[int, int] | None:
        data = bytes(self._kept[part])
        if self._files:
            self._files[part].seek(0)
            data = self._files[part].read() + data
        seen: dict[bytes, int] = {}
        for digest, line in _ENTRY.iter_unpack(data):
            before = seen.setdefault(digest, line)
            if before != line:
                return before, line
        return None
