"""A body whose beginning was read ahead of its reader."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from modelwire.errors import ProviderError

if TYPE_CHECKING:
    from modelwire.transport.body import Body

__all__ = ["ReadAheadBody"]


class ReadAheadBody:
    """Keeps what was read of a body, and gives it to the reader that comes after.

    Args:
        body: The body, of which nothing was read.
    """

    def __init__(self, body: Body | ReadAheadBody) -> None:
        self._body = body
        self._rest = body.chunks()
        self._parts: list[bytes] = []
        self._fault: ProviderError | None = None

    async def read_ahead(self, limit: int) -> bytes:
        """Read up to `limit` bytes; a fault after them is kept for the reader."""
        missing = limit
        try:
            async for chunk in self._rest:
                self._parts.append(chunk)
                missing -= len(chunk)
                if missing <= 0:
                    break
        except ProviderError as fault:
            # Without its traceback, which would hold this body in a cycle.
            self._fault = fault.with_traceback(None)
        return b"".join(self._parts)[:limit]

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Iterate the whole body, once; see `Body.chunks`."""
        async with aclosing(self._rest) as rest:
            parts, self._parts = self._parts, []
            for part in parts:
                yield part
            fault, self._fault = self._fault, None
            try:
                if fault is not None:
                    raise fault
            finally:
                del fault
            async for chunk in rest:
                yield chunk

    def close(self) -> None:
        """Release the connection."""
        self._body.close()
