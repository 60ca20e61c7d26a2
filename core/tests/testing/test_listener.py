"""The loopback server of the kit: what is left of a connection when it ends."""

import asyncio
import socket

import pytest

from modelwire.testing import listening
from modelwire.testing.listener import refusing_port

LARGE = b"x" * (8 << 20)
"""More than the buffers of a socket hold."""


async def test_a_connection_that_closed_after_a_large_answer_does_not_fail_the_end():
    served = asyncio.Event()

    async def serve(_, writer):
        writer.write(LARGE)
        writer.close()  # it is closed once the client has read all of it
        served.set()

    async with listening(serve) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await served.wait()
        assert len(await reader.read(-1)) == len(LARGE)
        writer.close()
        await writer.wait_closed()


def test_a_port_that_refuses_is_no_other_programs_meanwhile():
    with refusing_port() as port:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
        with pytest.raises(OSError, match="in use"):
            socket.create_server(("127.0.0.1", port))
    with socket.create_server(("127.0.0.1", port)):
        socket.create_connection(("127.0.0.1", port)).close()
