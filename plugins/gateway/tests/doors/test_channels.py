"""Streams to clients, written to the gateway's own server and sent through ASGI: the same for the client."""

import asyncio
import re
import socket

import pytest
from gateway_server import MODEL, serving
from raw_http import connection, head

from modelwire_bedrock.emulator import Answer, Pacing, Text
from modelwire_gateway import Settings
from modelwire_gateway.doors.channel import WrittenChannel

POST = "/v1/chat/completions"
BODY = (
    f'{{"model": "{MODEL}", "stream": true, "max_tokens": 64000, '
    '"messages": [{"role": "user", "content": "Hi"}]}'
).encode()
REQUEST = head("POST", POST, f"Content-Length: {len(BODY)}") + BODY
CHANGES = re.compile(rb'(date: |x-request-id: |"id":"|"created":)[^\r"]+')
PIECES = 20_000
"""Of an answer, which is several megabytes as events."""


class Wrapped:
    """Middleware that passes everything on, so that the messages of ASGI have to come."""

    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send):
        async def passed(message):
            await send(message)

        await self._app(scope, receive, passed)


@pytest.fixture(params=[(), (Wrapped,)], ids=["written", "sent"])
def middleware(request):
    return request.param


async def read(reader):
    """An answer in chunks, to its end."""
    async with asyncio.timeout(100):
        return await reader.readuntil(b"\r\n0\r\n\r\n")


async def test_the_bytes_are_the_same_both_ways(emulator, tmp_path):
    found = []
    for each in ((), (Wrapped,)):
        emulator.answer(Answer(Text("Hi there.", ("Hi ", "there."))))
        async with (
            serving(emulator, tmp_path, middleware=each) as gateway,
            connection(gateway.url) as (reader, writer),
        ):
            writer.write(REQUEST)
            start, _, body = (await read(reader)).partition(b"\r\n\r\n")
        text = b"".join(re.split(rb"\r\n[0-9a-f]+\r\n", b"\r\n" + body))
        found.append([CHANGES.sub(rb"\1", part) for part in (start, text)])
    (start, text), others = found
    assert [start, text] == others
    assert b"\r\ntransfer-encoding: chunked" in start
    assert b"data: [DONE]" in text


async def test_a_client_that_reads_slowly_gets_the_whole_stream(emulator, tmp_path, middleware):
    emulator.answer(Answer(Text("\x01" * 8 * PIECES, ("\x01" * 8,) * PIECES)))
    loop = asyncio.get_running_loop()
    async with serving(emulator, tmp_path, middleware=middleware) as gateway:
        with socket.socket() as made:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            made.setblocking(False)
            await loop.sock_connect(made, ("127.0.0.1", int(gateway.url.rpartition(":")[2])))
            await loop.sock_sendall(made, REQUEST)
            await asyncio.sleep(1)
            assert not gateway.records
            seen = bytearray()
            async with asyncio.timeout(100):
                while not seen.endswith(b"\r\n0\r\n\r\n"):
                    seen += await loop.sock_recv(made, 65536)
        record = await gateway.record()
    assert (record.status, record.failure) == (200, None)
    assert seen.count(rb'"content":"\u0001') == PIECES
    assert b"data: [DONE]" in seen


async def test_silence_is_broken_until_the_answer_comes(emulator, tmp_path, middleware):
    emulator.answer(Answer("Hi.", pacing=Pacing(first=1)))
    settings = Settings(keep_alive_seconds=0.1)
    async with (
        serving(emulator, tmp_path, settings=settings, middleware=middleware) as gateway,
        connection(gateway.url) as (reader, writer),
    ):
        writer.write(REQUEST)
        text = await read(reader)
    assert text.count(b": keep-alive") >= 2
    assert text.index(b": keep-alive") < text.index(b'"content":"Hi.') < text.index(b"[DONE]")


class Client:
    """An exchange whose client reads only at times."""

    def __init__(self):
        self.writable = True
        self.written = []
        self.resumed = None

    def write(self, data, *, last):
        self.written.append((data, last))

    def watch_writing(self, resumed):
        self.resumed = resumed

    def unwatch_writing(self, resumed):
        assert self.resumed == resumed
        self.resumed = None

    def reads(self):
        self.writable = True
        self.resumed()


@pytest.fixture
def client():
    return Client()


@pytest.fixture
async def channel(client):
    made = WrittenChannel(client, keep_alive=lambda: b"ping", seconds=60, begun=lambda: None)
    yield made
    if client.resumed is not None:
        client.writable = True
        made.close()
        await made.ended(1)


async def test_what_comes_in_one_turn_is_written_once(client, channel):
    channel.put(b"a")
    channel.put(b"b")
    assert not client.written
    await asyncio.sleep(0)
    channel.put(b"c")
    channel.close(b"d")
    channel.put(b"e")
    await channel.ended(None)
    assert client.written == [(b"ab", False), (b"cd", True)]
    assert client.resumed is None
    await asyncio.sleep(0.1)
    assert len(client.written) == 2


async def test_a_channel_that_was_never_used_writes_nothing(client, channel):
    assert channel.abandon()
    await channel.ended(None)
    await asyncio.sleep(0.1)
    assert not client.written


async def test_a_client_that_does_not_read_is_waited_for(client, channel):
    client.writable = False
    assert not channel.put(b"a" * 200_000)
    assert channel.put(b"b" * 100_000)
    waiting = asyncio.create_task(channel.drained())
    await asyncio.sleep(0.15)
    assert not client.written
    assert not waiting.done()
    client.reads()
    await waiting
    assert not channel.put(b"")
    assert client.written == [(b"a" * 200_000 + b"b" * 100_000, False)]


async def test_the_end_waits_for_a_client_as_long_as_it_may(client, channel):
    client.writable = False
    channel.put(b"a")
    channel.close(b"b")
    ending = asyncio.create_task(channel.ended(None))
    await asyncio.sleep(0.05)
    assert not ending.done()
    client.reads()
    await ending
    assert client.written == [(b"ab", True)]


async def test_a_client_that_does_not_read_does_not_stop_the_end(client, channel):
    client.writable = False
    channel.put(b"a")
    channel.close()
    await channel.ended(0.05)
    assert not client.written
    assert client.resumed is None
