"""A large body of a request, written piece by piece so that other tasks get their turn."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp.payload import Payload

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter

__all__ = ["PiecewisePayload"]

_PIECE = 64 * 1024


class PiecewisePayload(Payload):
    """Bytes for aiohttp to send, of which no copy is made; may be sent more than once."""

    _autoclose = True  # nothing is open

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self._size = len(body)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text."""
        body: bytes = self._value
        return body.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write all of it, with a turn of the loop between two pieces."""
        view = memoryview(self._value)
        for start in range(0, len(view), _PIECE):
            if start:
                await asyncio.sleep(0)
            await writer.write(view[start : start + _PIECE])
