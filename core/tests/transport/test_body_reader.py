"""Bodies that come faster than they are read, in pieces of any size."""

import asyncio

import pytest

from modelwire.transport import Request
from modelwire.transport.body_reader import BodyReader

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
LARGE = 4 << 20
MOST_HELD = 1 << 20
"""Far more than is held back and read at once, and far less than the body."""


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.mark.parametrize("later", [0, 0.02], ids=["with the head", "after the head"])
async def test_any_number_of_tiny_chunks_arrives(serve, transport, later):
    """So many of them pause a connection of aiohttp, which hands out each by itself."""
    tiny = b"".join(chunk(b"%d" % (number % 10)) for number in range(20_000))

    async def handler(peer):
        await peer.request()
        await peer.send(HEAD if later else HEAD + tiny)
        if later:
            await asyncio.sleep(later)
            await peer.send(tiny)
        await asyncio.sleep(0.02)
        await peer.send(chunk(b"last") + END)

    server = await serve(handler)
    async with asyncio.timeout(20), transport.send(Request("GET", server.url)) as response:
        body = await response.read()
    assert body == b"0123456789" * 2_000 + b"last"


@pytest.mark.parametrize("size", [100, 64 << 10])
async def test_what_is_not_read_is_held_back(serve, transport, size):
    sent = 0

    async def handler(peer):
        nonlocal sent
        await peer.request()
        await peer.send(HEAD)
        piece = chunk(b"x" * size) * (1 + (16 << 10) // size)
        while sent < LARGE:
            await peer.send(piece)
            sent += len(piece)
        await peer.send(END)

    server = await serve(handler)
    async with asyncio.timeout(60), transport.send(Request("GET", server.url)) as response:
        pieces = response.iter_bytes()
        read = len(await anext(pieces))
        content = response._body._raw.content
        assert type(content) is BodyReader
        before = -1
        while before != sent:  # until the server can send no more
            before = sent
            await asyncio.sleep(0.2)
        assert sent < LARGE
        held = 0
        async for piece in pieces:
            held = max(held, len(piece))
            read += len(piece)
    assert read >= LARGE * size / (size + 20)
    assert held < MOST_HELD


async def test_a_body_is_waited_for_by_one_task(serve, transport):
    async def handler(peer):
        await peer.request()
        await peer.send(HEAD)
        await peer.sees_disconnect()

    server = await serve(handler)
    async with transport.send(Request("GET", server.url)) as response:
        reader = BodyReader.of(response._body._raw.content)
        waiter = reader.arrival()
        with pytest.raises(RuntimeError, match="Another task"):
            reader.arrival()
        waiter.cancel()
        assert not reader.arrival().done()
        assert BodyReader.of(reader) is reader


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        HEAD + END,
    ],
    ids=["no body", "no bytes", "no chunks"],
)
async def test_a_body_without_bytes_ends_at_once(answering, transport, head):
    server = await answering(head)
    for _ in range(2):
        async with transport.send(Request("GET", server.url)) as response:
            assert await response.read() == b""
    assert server.connections == 1
