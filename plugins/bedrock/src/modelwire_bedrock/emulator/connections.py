"""Connections, and how faults break them."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import NoReturn

from aiohttp import web

from modelwire_bedrock.emulator.errors import BrokenConnection
from modelwire_bedrock.emulator.faults import Fault

__all__ = ["close_connection", "dribble", "reset_connection", "strike"]

_LINGER = struct.pack("ii", 1, 0)


async def strike(request: web.Request, fault: Fault) -> None:
    """Reset, cut or stall.

    Raises:
        BrokenConnection: The connection is gone.
    """
    if fault.kind == "reset":
        reset_connection(request)
    if fault.kind == "cut":
        close_connection(request)
        raise BrokenConnection
    if fault.seconds is None:
        await asyncio.Event().wait()  # until the client leaves: that cancels the handler
    else:
        await asyncio.sleep(fault.seconds)


def close_connection(request: web.Request) -> None:
    """Close the connection in an orderly way, in the middle of the answer."""
    if request.transport is not None:
        request.transport.close()


def reset_connection(request: web.Request) -> NoReturn:
    """Reset the connection.

    Raises:
        BrokenConnection: Always.
    """
    transport = request.transport
    if transport is not None:
        # Without lingering the kernel sends RST in place of an orderly end.
        plug = transport.get_extra_info("socket")
        if plug is not None:  # as where a client of TLS has left
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        transport.abort()
    raise BrokenConnection


async def dribble(response: web.StreamResponse, data: bytes, fault: Fault) -> None:
    """Write data a few bytes at a time."""
    size = max(1, fault.size)
    for at in range(0, len(data), size):
        await response.write(data[at : at + size])
        await asyncio.sleep(fault.seconds or 0)
