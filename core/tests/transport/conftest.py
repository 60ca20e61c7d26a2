"""Real servers on loopback: raw sockets for faults, TLS, and a proxy that opens tunnels."""

import asyncio
import socket
import ssl
import struct
from contextlib import AsyncExitStack, suppress

import pytest
import trustme

from modelwire.testing import listening
from modelwire.transport import Deadlines, Transport

PATIENT = Deadlines(connect=20, first_byte=20, idle=20)


class Peer:
    """The server's end of one connection."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    async def request(self):
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return head, await self.reader.readexactly(length)

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    def reset(self):
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def sees_disconnect(self):
        with suppress(ConnectionError):
            while await self.reader.read(65536):
                pass
        return True


class Server:
    """A TCP server whose connections are answered by a coroutine."""

    def __init__(self, handler, scheme):
        self.handler = handler
        self.scheme = scheme
        self.connections = 0
        self.requests = []
        self.port = None

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    async def answer(self, reader, writer):
        self.connections += 1
        try:
            await self.handler(Peer(reader, writer))
        finally:
            writer.close()


@pytest.fixture
async def serve():
    """Start servers: `await serve(handler)`."""
    async with AsyncExitStack() as started:

        async def start(handler, tls=None):
            server = Server(handler, "https" if tls else "http")
            server.port = await started.enter_async_context(listening(server.answer, tls=tls))
            return server

        yield start


@pytest.fixture
def answering(serve):
    """Start a server that gives the same answer to each request, over kept connections."""

    async def start(payload, tls=None):
        async def handler(peer):
            while True:
                server.requests.append(await peer.request())
                await peer.send(payload)

        server = await serve(handler, tls)
        return server

    return start


@pytest.fixture
async def transport():
    async with Transport(environ={}, deadlines=PATIENT) as transport:
        yield transport


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture
def ca_file(authority, tmp_path):
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def server_tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


class Proxy:
    """An HTTP proxy: tunnels for CONNECT, and answers other requests itself."""

    def __init__(self):
        self.requests = []
        self.refusal = None
        self.server = None

    async def handle(self, peer):
        head = await peer.reader.readuntil(b"\r\n\r\n")
        self.requests.append(head.decode())
        method, target, _ = head.split(b" ", 2)
        if self.refusal:
            await peer.send(b"HTTP/1.1 " + self.refusal + b"\r\nContent-Length: 0\r\n\r\n")
            return
        if method != b"CONNECT":
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nvia proxy")
            return
        _, _, port = target.rpartition(b":")
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
        await peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_pump(peer.reader, writer), _pump(reader, peer.writer))
        finally:
            writer.transport.abort()


async def _pump(reader, writer):
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
async def proxy(serve):
    proxy = Proxy()
    proxy.server = await serve(proxy.handle)
    return proxy
