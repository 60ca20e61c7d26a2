"""The reader of a body whose bytes are taken as they arrive."""

from __future__ import annotations

import asyncio
from typing import Self

import aiohttp

__all__ = ["BodyReader"]


class BodyReader(aiohttp.StreamReader):
    """What has arrived of a body and was not taken, without a record of the HTTP chunks it came in.

    aiohttp keeps the ends of chunks for readers that ask for them, counts them, and hands out each piece
    by itself. In a stream of events, each of which is a chunk, that takes as long as everything else that
    aiohttp does with an event. As with aiohttp's own reader, a connection is paused while too many bytes wait.
    """

    __slots__ = ()

    # The parser calls both with each chunk. `bool` does nothing, and without a frame of Python.
    begin_http_chunk_receiving = end_http_chunk_receiving = staticmethod(bool)  # type: ignore[assignment]

    @classmethod
    def of(cls, reader: aiohttp.StreamReader) -> Self | None:
        """Make a reader of aiohttp's one of these; `None` where it is another one.

        aiohttp makes its readers itself, so that the class of one that it has made is changed. Other
        readers are that of an empty body, and those of libraries which replay responses.
        """
        if isinstance(reader, cls):
            return reader
        if type(reader) is not aiohttp.StreamReader:
            return None
        reader.__class__ = cls
        made: Self = reader  # type: ignore[assignment] # by the line above
        made._forget_chunks()
        return made

    def is_ready(self) -> bool:
        """Whether bytes or the end can be taken.

        Raises:
            Exception: The fault that has arrived.
        """
        if self._exception is not None:
            raise self._exception
        return bool(self._buffer) or self._eof

    def arrival(self) -> asyncio.Future[None]:
        """A future that is done when bytes, the end or a fault arrive; a fault is its exception.

        To be called where nothing is ready.

        Raises:
            RuntimeError: The connection is closed, or another task waits.
        """
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            msg = "Another task waits for this body."
            raise RuntimeError(msg)
        if not self._protocol.connected:
            msg = "The connection is closed."
            raise RuntimeError(msg)
        self._waiter = waiter = self._loop.create_future()
        return waiter

    def take(self) -> bytes:
        """Take all that has arrived; nothing where the body has ended."""
        held = self._buffer
        if len(held) == 1:
            data = held.popleft()
        else:
            data = b"".join(held)
            held.clear()
        was_paused = self._size > self._high_water
        self._size = 0
        if was_paused:
            self._protocol.resume_reading()
        return data

    def feed_data(self, data: bytes, *_: int) -> bool:
        """Take bytes from the connection."""
        if data:
            length = len(data)
            self._buffer.append(data)
            self._size += length
            self.total_bytes += length
            waiter = self._waiter
            if waiter is not None and not waiter.done():
                waiter.set_result(None)
            if self._size > self._high_water:
                self._protocol.pause_reading()
        return False

    def _forget_chunks(self) -> None:
        ends, self._http_chunk_splits = self._http_chunk_splits, None
        if ends and self._size <= self._high_water:
            # It may be paused because of their number.
            self._protocol.resume_reading()
