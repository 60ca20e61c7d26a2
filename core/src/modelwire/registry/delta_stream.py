"""The stream of a plugin, with the type of every delta checked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from modelwire.errors import PluginError
from modelwire.events import Deltas, TextDelta
from modelwire.events.validation import validated

__all__ = ["checked_stream"]


async def checked_stream(
    deltas: AsyncIterator[Deltas], plugin: str
) -> AsyncGenerator[Deltas, None]:
    """Pass a stream on, and check each delta.

    Args:
        deltas: The stream; it is closed when this one is.
        plugin: The plugin's package, for errors.

    Raises:
        PluginError: A delta is wrong; the deltas before it have been yielded.
    """
    try:
        async for arrived in deltas:
            if not isinstance(arrived, list):
                yield validated(arrived, plugin)
                continue
            checked = list(arrived)
            for position, delta in enumerate(arrived):
                # Nearly all are text, for which a call would cost more than the check.
                if (
                    type(delta) is TextDelta
                    and type(delta.text) is str
                    and type(delta.index) is int
                ):
                    continue
                try:
                    checked[position] = validated(delta, plugin)
                except PluginError:
                    if position:
                        yield checked[:position]
                    raise
            yield checked
    finally:
        close = getattr(deltas, "aclose", None)
        if close is not None:
            await close()
