"""Streams of plugins: the result of the hook `stream_completion` as an asynchronous generator."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, AsyncIterator
from typing import cast

from modelwire.errors import PluginError
from modelwire.events import Deltas

__all__ = ["stream_of"]


def stream_of(deltas: object, distribution: str) -> AsyncGenerator[Deltas, None]:
    """The result of a plugin's hook as an asynchronous generator.

    Raises:
        PluginError: It is not a stream.
    """
    if inspect.isasyncgen(deltas):
        return cast("AsyncGenerator[Deltas, None]", deltas)
    if isinstance(deltas, AsyncIterator):
        return _generate(deltas)
    if inspect.iscoroutine(deltas):
        deltas.close()
    msg = f"{distribution} returned {type(deltas).__name__} where a stream of deltas is due."
    raise PluginError(msg)


async def _generate(deltas: AsyncIterator[Deltas]) -> AsyncGenerator[Deltas, None]:
    try:
        async for delta in deltas:
            yield delta
    finally:
        close = getattr(deltas, "aclose", None)
        if close is not None:
            await close()
