"""Watching of requests: the HTTP requests of a plugin, as middleware sees them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelwire.transport.request import Request

__all__ = ["note_request", "watch_requests"]

_WATCHING: ContextVar[Callable[[Request], None] | None] = ContextVar("_WATCHING", default=None)


@contextmanager
def watch_requests(seen: Callable[[Request], None]) -> Iterator[None]:
    """Watch each request that this task, and those that it starts meanwhile, is about to send.

        with watch_requests(lambda request: hosts.append(request.url)):
            first = await anext(deltas)

    Args:
        seen: Called with each request, each time that it is sent. Its header fields hold
            secrets. It must not raise.
    """
    token = _WATCHING.set(seen)
    try:
        yield
    finally:
        _WATCHING.reset(token)


def note_request(request: Request) -> None:
    """Pass a request to the watchers."""
    seen = _WATCHING.get()
    if seen is not None:
        seen(request)
