"""The stream of a plugin, with the type of every delta checked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

from modelwire.errors import PluginError
from modelwire.events import Delta, Deltas, TextDelta
from modelwire.events.validation import validated

__all__ = ["checked", "checked_stream"]


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
            right, fault = checked(arrived, plugin)
            if right is not None:
                yield right
            if fault is not None:
                raise fault
    finally:
        close = getattr(deltas, "aclose", None)
        if close is not None:
            await close()


def checked(arrived: Deltas, plugin: str) -> tuple[Deltas | None, PluginError | None]:
    """Check deltas that arrived together.

    Args:
        arrived: What the plugin yielded; it is not changed.
        plugin: The plugin's package, for the error.

    Returns:
        The deltas in front of the first wrong one, in the form in which they arrived, or `None`
        where there are none of these; and the error for the wrong one, or `None`.
    """
    if not isinstance(arrived, list):
        try:
            return validated(arrived, plugin), None
        except PluginError as fault:
            return None, fault
    right: list[Delta] = arrived
    for position, delta in enumerate(arrived):
        # Nearly all are text, for which a call would cost more than the check.
        if type(delta) is TextDelta and type(delta.text) is str and type(delta.index) is int:
            continue
        try:
            plain = validated(delta, plugin)
        except PluginError as fault:
            return right[:position] or None, fault
        if plain is not delta:
            if right is arrived:
                right = list(arrived)
            right[position] = plain
    return right, None
