"""The check of a plugin's deltas, before middleware sees them.

Middleware reads deltas, and an invalid one would make it fail in its own code. The assembler checks
them again, since middleware may change them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from typing import Any

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
        if not isinstance(deltas, AsyncIterator):
            return deltas
        # It needs the events, which lists of models do without; the warm-up has imported it.
        from modelwire.registry.delta_stream import checked_stream

        return checked_stream(deltas, self._plugin)
