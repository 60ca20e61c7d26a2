"""The check of what a plugin yields, before middleware sees it.

Middleware reads deltas, and a wrong one would make it fail in its own code. The assembler checks
them again, since middleware may change them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator
from typing import Any

from modelwire.errors import PluginError
from modelwire.events import Delta, Deltas, TextDelta
from modelwire.events.validation import validated
from modelwire.hookspecs import hookimpl

__all__ = ["DeltaCheck"]


class DeltaCheck:
    """The innermost wrapper around a plugin's stream.

    Args:
        plugin: The plugin's package, for errors.
    """

    def __init__(self, plugin: str) -> None:
        self._plugin = plugin

    @hookimpl(wrapper=True)
    def stream_completion(self) -> Generator[None, Any, Any]:
        """Check the stream, where there is one."""
        deltas = yield
        return _checked(deltas, self._plugin) if isinstance(deltas, AsyncIterator) else deltas


async def _checked(deltas: AsyncIterator[Deltas], plugin: str) -> AsyncGenerator[Deltas, None]:
    try:
        async for arrived in deltas:
            if not isinstance(arrived, list):
                yield _check(arrived, plugin)
                continue
            checked = list(arrived)
            for position, delta in enumerate(arrived):
                try:
                    checked[position] = _check(delta, plugin)
                except PluginError:
                    if position:
                        yield checked[:position]
                    raise
            yield checked
    finally:
        close = getattr(deltas, "aclose", None)
        if close is not None:
            await close()


def _check(delta: Delta, plugin: str) -> Delta:
    if type(delta) is TextDelta and type(delta.text) is str and type(delta.index) is int:
        return delta  # as nearly all are
    return validated(delta, plugin)
