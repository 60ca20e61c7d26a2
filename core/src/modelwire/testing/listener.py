"""Ports on loopback: one that serves and closes every connection at its end, and one that refuses."""

from __future__ import annotations

import asyncio
import socket
import ssl
from asyncio.trsock import TransportSocket
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

__all__ = ["listening", "refusing_port", "stop_accepting"]

_TURNS = 3
"""Iterations of the event loop until a connection that was just accepted has its transport."""


@asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    *,
    tls: ssl.SSLContext | None = None,
    limit: int = 65536,
    backlog: int = 128,
) -> AsyncGenerator[int, None]:
    """Serve connections on 127.0.0.1 on the running event loop; yields the port.

    At its end it cancels the handlers that still run, aborts the connections, and returns when
    their sockets are closed: `asyncio.start_server` alone leaves them to the garbage collector.

    Args:
        serve: Handles one connection. A connection that it leaves open stays open until the end.
            Errors because the client leaves (`ConnectionError`, `IncompleteReadError`) are ignored.
        tls: Serve TLS with this context.
        limit: The maximum of bytes that the reader buffers.
        backlog: The maximum of connections waiting to be accepted.
    """
    open_ones: dict[asyncio.StreamWriter, TransportSocket] = {}
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Known before its task runs for the first time, since that may be cancelled before it does.
        for known in [known for known, plug in open_ones.items() if plug.fileno() == -1]:
            del open_ones[known]
        plug = writer.get_extra_info("socket")
        if plug is not None:  # as where a client of TLS has left
            open_ones[writer] = plug
        task = asyncio.ensure_future(handle(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(reader, writer)

    server = await asyncio.start_server(
        accept, "127.0.0.1", 0, ssl=tls, limit=limit, backlog=backlog
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await stop_accepting(server)
        server.close()
        for writer, plug in open_ones.items():
            if plug.fileno() != -1:  # a closed transport cannot always be aborted
                writer.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while any(plug.fileno() != -1 for plug in open_ones.values()):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0)


@contextmanager
def refusing_port() -> Iterator[int]:
    """A port of 127.0.0.1 that refuses connections, for as long as the context lasts.

    The port is bound and does not listen, so that no other program is given it in the meantime.
    """
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


async def stop_accepting(server: asyncio.Server) -> None:
    """Stop accepting connections; returns when each accepted one has its protocol.

    Call it before `server.close()`, which loses the sockets that were accepted but have no
    transport yet: nothing closes them until they are collected.
    """
    loop = asyncio.get_running_loop()
    for listener in server.sockets:
        with suppress(NotImplementedError):  # as the proactor loop of Windows raises
            loop.remove_reader(listener.fileno())
    for _ in range(_TURNS):
        await asyncio.sleep(0)
