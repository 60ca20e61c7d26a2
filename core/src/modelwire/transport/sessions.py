"""Client sessions of a transport: one for each event loop that uses it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress

import aiohttp

__all__ = ["Sessions"]


class Sessions:
    """One session for each running event loop.

    A session is closed together with its loop: it is held by an asynchronous generator, and
    `loop.shutdown_asyncgens()`, which `asyncio.run` and every other runner calls before it closes a
    loop, closes the generator and thereby the session and its sockets.

    Args:
        make: Makes a session; called on the loop that it is for.
    """

    def __init__(self, make: Callable[[], aiohttp.ClientSession]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._held: dict[
            asyncio.AbstractEventLoop,
            tuple[aiohttp.ClientSession, AsyncGenerator[None, None]],
        ] = {}

    async def of_this_loop(self) -> aiohttp.ClientSession:
        """Give the session of the running loop."""
        loop = asyncio.get_running_loop()
        held = self._held.get(loop)
        if held is not None and not held[0].closed:
            return held[0]
        session = self._make()
        keeper = _keep_open(session)
        # Begun, the generator is known to the loop. It does not suspend, so nobody comes between.
        await anext(keeper)
        with self._lock:
            self._drop_dead()
            self._held[loop] = (session, keeper)
        return session

    async def close(self) -> None:
        """Close the sessions of all loops; those of other loops close when these get to it."""
        with self._lock:
            self._drop_dead()
            held, self._held = self._held, {}
        mine = held.pop(asyncio.get_running_loop(), None)
        # A loop closes a generator that nobody holds any more, whichever thread let it go.
        held.clear()
        if mine is not None:
            await mine[1].aclose()

    def _drop_dead(self) -> None:
        for loop in [loop for loop in self._held if loop.is_closed()]:
            session, _ = self._held.pop(loop)
            if not session.closed:
                _abandon(session)


async def _keep_open(session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await session.close()


def _abandon(session: aiohttp.ClientSession) -> None:
    """Mark a session as closed whose loop was closed without a word; nothing can run on it."""
    closing = session.close()
    with suppress(StopIteration, RuntimeError):
        closing.send(None)
    closing.close()
