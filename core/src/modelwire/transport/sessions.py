"""Client sessions of a transport: one for each event loop that uses it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from functools import partial
from weakref import WeakSet

import aiohttp

from modelwire.event_loops import has_event_loop
from modelwire.forks import ForkSafeLock, after_fork, release_descriptors

__all__ = ["Sessions"]

_OpenSession = tuple[aiohttp.ClientSession, AsyncGenerator[None, None]]


class Sessions:
    """One session for each running event loop.

    A session is closed together with its loop: it is held by an asynchronous generator, and
    `loop.shutdown_asyncgens()`, which `asyncio.run` and every other runner calls before it closes a
    loop, closes the generator and thereby the session and its sockets.

    Args:
        make: Makes a session from a function that makes sockets; called on the loop that it is for.
    """

    def __init__(self, make: Callable[[aiohttp.SocketFactoryType], aiohttp.ClientSession]) -> None:
        self._make = make
        self._sockets: WeakSet[socket.socket] = WeakSet()
        self._lock = ForkSafeLock()
        self._held: dict[asyncio.AbstractEventLoop, _OpenSession] = {}
        after_fork(self._leave_to_parent)

    async def of_this_loop(self) -> aiohttp.ClientSession:
        """Return the session of the running loop."""
        loop = asyncio.get_running_loop()
        held = self._held.get(loop)
        if held is not None and not held[0].closed:
            return held[0]
        session = self._make(partial(_new_socket, self._sockets))
        keeper = _keep_open(session)
        # Begun, the generator is known to the loop. It does not suspend, so nothing else runs in between.
        await anext(keeper)
        with self._lock:
            self._drop_dead()
            self._held[loop] = (session, keeper)
        return session

    async def close(self) -> None:
        """Close the sessions of all loops; those of other loops close when their loop next runs."""
        with self._lock:
            self._drop_dead()
            held, self._held = self._held, {}
        mine = held.pop(asyncio.get_running_loop(), None) if has_event_loop() else None
        # A loop closes a generator without references, whichever thread dropped the last one.
        held.clear()
        if mine is not None:
            await mine[1].aclose()

    def _leave_to_parent(self) -> None:
        """In a forked child, drop connections silently: they are the parent's."""
        release_descriptors([inherited.fileno() for inherited in self._sockets])
        held, self._held = self._held, {}
        self._sockets.clear()
        for session, keeper in held.values():
            _inherited.append(keeper)
            with suppress(
                Exception
            ):  # it may be in any state, and only messages at its end are spared
                _abandon(session)

    def _drop_dead(self) -> None:
        for loop in [loop for loop in self._held if loop.is_closed()]:
            session, _ = self._held.pop(loop)
            if not session.closed:
                _abandon(session)


_inherited: list[AsyncGenerator[None, None]] = []
"""Generators kept in a forked child, since a dropped one asks its loop to close it."""


def _new_socket(known: WeakSet[socket.socket], address: aiohttp.AddrInfoType) -> socket.socket:
    """Make a socket, and record it; not a method, or a pool would hold its own holder."""
    family, kind, protocol, *_ = address
    made = socket.socket(family, kind, protocol)
    known.add(made)
    return made


async def _keep_open(session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await session.close()


def _abandon(session: aiohttp.ClientSession) -> None:
    """Mark a session as closed whose loop was closed silently; nothing can run on it."""
    closing = session.close()
    with suppress(StopIteration, RuntimeError):
        closing.send(None)
    closing.close()
