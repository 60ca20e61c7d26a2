"""Answering with code that is imported when it is first needed, and then not on the event loop."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from importlib import import_module
from typing import Any

__all__ = ["late_stream"]


def late_stream(module: str, function: str, *arguments: Any) -> AsyncIterator[Any]:
    """Call an asynchronous generator function of a module that may not have been imported yet.

    A plugin is quick to import when its work stands in another module. The first answer imports that
    one; it takes tens of milliseconds, so it is done in a thread, and other answers go on meanwhile.

    Args:
        module: The module's full name.
        function: The name of the function in it.
        arguments: What the function is called with.
    """
    if module in sys.modules:
        stream: AsyncIterator[Any] = getattr(import_module(module), function)(*arguments)
        return stream
    return _first(module, function, arguments)


async def _first(
    module: str, function: str, arguments: tuple[Any, ...]
) -> AsyncGenerator[Any, None]:
    from asyncio import to_thread

    imported = await to_thread(import_module, module)
    async with aclosing(getattr(imported, function)(*arguments)) as stream:
        async for item in stream:
            yield item
