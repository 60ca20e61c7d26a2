"""Writing in groups: lines that wait while others are written are written together, in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

__all__ = ["GroupWriter"]


class GroupWriter:
    """Writes lines without holding up the event loop.

    Args:
        append: Writes complete lines; it is called in a thread, once at a time.
    """

    def __init__(self, append: Callable[[bytes], None]) -> None:
        self._append = append
        self._lines: list[bytes] = []
        self._next: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def write(self, line: bytes) -> None:
        """Write a line; return when it is written. A cancelled caller's line is written nevertheless.

        Raises:
            BatchError: It cannot be written.
        """
        loop = asyncio.get_running_loop()
        if self._next is None:
            self._next = loop.create_future()
        written = self._next
        self._lines.append(line)
        if self._task is None:
            self._task = loop.create_task(self._write_groups())
        await asyncio.shield(written)

    async def aclose(self) -> None:
        """Wait until everything is written."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _write_groups(self) -> None:
        try:
            while self._next is not None:
                written, self._next = self._next, None
                lines, self._lines = b"".join(self._lines), []
                try:
                    await asyncio.to_thread(self._append, lines)
                except Exception as error:  # noqa: BLE001 - it is raised where the lines come from
                    written.set_exception(error)
                    with suppress(Exception):
                        written.exception()  # seen, also where every caller was cancelled
                else:
                    written.set_result(None)
        finally:
            self._task = None
