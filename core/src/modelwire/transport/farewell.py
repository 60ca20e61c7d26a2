"""Giving a server the time to end a body whose last event has arrived."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from modelwire.errors import ProviderError

__all__ = ["drain"]

_FAREWELL = 0.25


async def drain(body: AsyncGenerator[Any, None], *, seconds: float = _FAREWELL) -> None:
    """Read to the end of a body, so that its connection can be used again, if the end comes soon.

    To be called when the answer is complete: whatever becomes of the connection then is no failure
    of the answer. A body that does not end in time is closed, and its connection with it.

    Args:
        body: The rest of the body, or what is made of it.
        seconds: How long to wait for its end.
    """
    from asyncio import timeout

    try:
        async with timeout(seconds):
            async for _ in body:
                pass
    except (TimeoutError, ProviderError):
        await body.aclose()
