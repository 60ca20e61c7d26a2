"""Clients that misuse HTTP itself: how much they may send, and how long they may take, before they are served."""

import asyncio
import logging
import socket
from functools import partial

import pytest
from gateway_server import serving
from raw_http import answers, connection, exchange, head

from modelwire_bedrock.emulator import Answer, Fault, Pacing, Text
from modelwire_gateway import Settings
from modelwire_gateway.server import server_config

BODY = b'{"model": "default", "messages": []}'
POST = "/v1/chat/completions"
STREAM = (
    b'{"model": "amazon-bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "stream": true, '
    b'"max_tokens": 64000, "messages": [{"role": "user", "content": "Hi"}]}'
)


def seconds(monkeypatch, **limits):
    for name, value in limits.items():
        monkeypatch.setattr(f"modelwire_gateway.connection._{name}_SECONDS", value)


async def closed(reader):
    """Wait until the server has closed; what it sent before is returned."""
    async with asyncio.timeout(100):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


@pytest.fixture(autouse=True)
async def goes_on(gateway, caplog):
    """Whatever a client does, the next one is served, and the log has nothing to say."""
    caplog.set_level(logging.INFO)
    yield
    answer = await exchange(gateway.url, head("GET", "/healthz"))
    assert answer.status == 200
    lines = [line for line in caplog.messages if "mw-test" in line or "Traceback" in line]
    assert not lines
    assert not [each for each in caplog.records if each.exc_info]


NO_HTTP = {
    "nothing that is HTTP": b"\x00" * 100 + b"\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/3": b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n",
    "an unknown method": head("BREW", POST),
    "a tunnel": head("CONNECT", "evil.example:443"),
    "a path that is none": head("GET", "@evil.example/"),
    "a path that is not ASCII": head("GET", "/\xff\xfe"),
    "NUL in a field": head("GET", "/healthz", "X: a\x00b"),
    "a folded field": head("GET", "/healthz", "X: a", " b"),
    "a field without a name": head("GET", "/healthz", ": a"),
    "a space before the colon": head("GET", "/healthz", "Host : evil"),
    "lines without CR": b"GET /healthz HTTP/1.1\nHost: localhost\n\n",
    "a length that is negative": head("POST", POST, "Content-Length: -2") + BODY,
    "a length that is no number": head("POST", POST, "Content-Length: 0x10") + BODY,
    "a length without end": head("POST", POST, "Content-Length: " + "9" * 5000) + BODY,
    "two lengths": head("POST", POST, "Content-Length: 2", "Content-Length: 3") + BODY,
    "a list of lengths": head("POST", POST, "Content-Length: 2, 2") + BODY,
    "a length and chunks": head("POST", POST, "Transfer-Encoding: chunked", "Content-Length: 5")
    + b"0\r\n\r\n",
    "chunks that are not last": head("POST", POST, "Transfer-Encoding: chunked, gzip")
    + b"0\r\n\r\n",
    "a chunk that is no number": head("POST", POST, "Transfer-Encoding: chunked") + b"ZZ\r\n{}\r\n",
    "a chunk that is too large": head("POST", POST, "Transfer-Encoding: chunked")
    + b"f" * 40
    + b"\r\n{}\r\n",
    "a chunk of another length": head("POST", POST, "Transfer-Encoding: chunked")
    + b"1\r\n{}{}\r\n0\r\n\r\n",
}


async def test_what_is_no_http_is_refused(gateway):
    for name, data in NO_HTTP.items():
        answer = await exchange(gateway.url, data)
        assert answer.status == 400, name
        assert answer.fields["connection"] == "close"


LARGE = {
    "many fields": head("GET", "/healthz")[:-2]
    + b"".join(b"X-%d: a\r\n" % n for n in range(400_000)),
    "one field": head("GET", "/healthz")[:-2] + b"X: " + b"a" * 4_000_000,
    "the name of a field": head("GET", "/healthz")[:-2] + b"X" * 4_000_000,
    "the path": b"GET /" + b"a" * 4_000_000,
    "the method": b"G" * 4_000_000,
    "empty lines": b"\r\n" * 2_000_000,
    "all at once": head("GET", "/healthz", "X: " + "a" * 70_000),
    "the extension of a chunk": head("POST", POST, "Transfer-Encoding: chunked")
    + b"1;a="
    + b"a" * 4_000_000,
    "a trailer": head("POST", POST, "Transfer-Encoding: chunked") + b"0\r\nX: " + b"a" * 4_000_000,
    "many trailers": head("POST", POST, "Transfer-Encoding: chunked")
    + b"0\r\n"
    + b"".join(b"X-%d: a\r\n" % n for n in range(400_000)),
}


async def test_a_head_without_end_is_refused(gateway):
    for name, data in LARGE.items():
        answer = await exchange(gateway.url, data)
        assert answer is None or answer.status in (400, 401, 431), name


async def test_a_head_of_usual_size_is_taken(gateway):
    fields = [f"X-{number}: {'a' * 500}" for number in range(100)]
    answer = await exchange(gateway.url, head("GET", "/healthz", *fields))
    assert answer.status == 200


async def test_a_trailer_is_no_field_of_the_request(gateway):
    data = head("POST", POST, "Transfer-Encoding: chunked", key=None)
    answer = await exchange(gateway.url, data + b"0\r\nAuthorization: Bearer mw-test\r\n\r\n")
    assert answer.status == 401


@pytest.mark.parametrize("start", [b"", b"GET /healthz HTTP/1.1\r\nX: "])
async def test_a_head_that_does_not_come_is_not_waited_for(gateway, monkeypatch, start):
    seconds(monkeypatch, HEAD=0.3)
    async with connection(gateway.url) as (reader, writer):
        writer.write(start)
        said = await closed(reader)
    assert said.startswith(b"HTTP/1.1 408 ") if start else said == b""


async def test_a_head_that_comes_byte_by_byte_is_not_waited_for(gateway, monkeypatch):
    seconds(monkeypatch, HEAD=0.3)

    async def trickle(writer):
        while True:
            writer.write(b"X")
            await asyncio.sleep(0.02)

    async with connection(gateway.url) as (reader, writer):
        writer.write(head("GET", "/healthz") + b"GET / HTTP/1.1\r\n")
        sending = asyncio.create_task(trickle(writer))
        said = await closed(reader)
        sending.cancel()
    assert b" 200 " in said
    assert b" 408 " in said


async def test_the_rest_of_a_refused_body_is_not_read_for_long(gateway, monkeypatch):
    seconds(monkeypatch, REST=0.3)

    async def more(writer):
        while True:
            writer.write(b"a")
            await asyncio.sleep(0.02)

    async with connection(gateway.url) as (reader, writer):
        writer.write(head("POST", POST, "Content-Length: 1000000", key="mw-wrong"))
        sending = asyncio.create_task(more(writer))
        assert [each.status for each in await answers(reader)] == [401]
        await closed(reader)
        sending.cancel()


async def test_after_a_refused_body_that_comes_whole_the_connection_goes_on(gateway):
    async with connection(gateway.url) as (reader, writer):
        body = b" " * 100_000
        writer.write(head("POST", POST, f"Content-Length: {len(body)}", key="mw-wrong"))
        assert [each.status for each in await answers(reader)] == [401]
        writer.write(body + head("GET", "/healthz"))
        assert [each.status for each in await answers(reader)] == [200]


async def test_a_body_is_asked_for_only_from_whom_is_let_in(gateway):
    expecting = ("Expect: 100-continue", f"Content-Length: {len(BODY)}")
    async with connection(gateway.url) as (reader, writer):
        writer.write(head("POST", POST, *expecting))
        assert [each.status for each in await answers(reader)] == [100]
        writer.write(BODY)
        assert [each.status for each in await answers(reader)] == [400]
    async with connection(gateway.url) as (reader, writer):
        writer.write(head("POST", POST, *expecting, key="mw-wrong"))
        assert [each.status for each in await answers(reader)] == [401]
        # The next request on it would be taken for the body.
        assert await closed(reader) == b""


async def test_requests_in_a_row_are_answered_in_order(gateway):
    async with connection(gateway.url) as (reader, writer):
        writer.write(head("GET", "/healthz") + head("GET", "/none") + head("GET", "/healthz"))
        assert [each.status for each in await answers(reader, 3)] == [200, 404, 200]


async def test_a_thousand_requests_in_a_row_are_too_many(gateway):
    async with connection(gateway.url) as (reader, writer):
        writer.write(head("GET", "/healthz") * 1000)
        assert len(await answers(reader, 1000)) <= 1


@pytest.mark.parametrize(
    "fields",
    [("Upgrade: websocket", "Connection: Upgrade"), ("Upgrade: h2c", "Connection: Upgrade")],
)
async def test_no_other_protocol_is_spoken(gateway, fields):
    answer = await exchange(gateway.url, head("GET", "/healthz", *fields))
    assert answer.status in (200, 400)


async def test_a_client_that_reads_nothing_is_left(emulator, tmp_path, monkeypatch):
    """Its stream is closed upstream, and the usage is recorded."""
    seconds(monkeypatch, READ=0.5)
    # Many megabytes as events, of the few characters that the model may write. Its end never comes, so
    # that the whole answer cannot have been sent when the client is left.
    answer = Answer(Text("\x01" * 240_000, ("\x01" * 8,) * 30_000))
    emulator.answer(answer, fault=Fault("stall", after=29_000))
    async with serving(emulator, tmp_path) as gateway:
        with socket.socket() as made:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            made.connect(("127.0.0.1", int(gateway.url.rpartition(":")[2])))
            made.sendall(head("POST", POST, f"Content-Length: {len(STREAM)}") + STREAM)
            record = await asyncio.wait_for(gateway.record(), 100)
    assert record.status == 499
    assert record.usage.output > 0
    assert await asyncio.to_thread(emulator.requests[-1].wait, 10)
    assert emulator.requests[-1].end == "client_left"


async def test_a_connection_that_is_idle_is_closed(emulator, tmp_path, monkeypatch):
    """Not while it is used, however long that is, nor while an answer takes its time."""
    short = partial(server_config, timeout_keep_alive=1.5)
    monkeypatch.setattr("gateway_server.server_config", short)
    emulator.answer(Answer(Text("ab"), pacing=Pacing(first=3)))
    async with serving(emulator, tmp_path) as gateway, connection(gateway.url) as (reader, writer):
        for _ in range(5):
            writer.write(head("GET", "/healthz"))
            assert len(await answers(reader)) == 1
            await asyncio.sleep(0.4)
        writer.write(head("POST", POST, f"Content-Length: {len(STREAM)}") + STREAM)
        async with asyncio.timeout(100):
            assert b"[DONE]" in await reader.readuntil(b"\r\n0\r\n\r\n")
        assert await closed(reader) == b""


async def test_half_a_connection_is_none(emulator, tmp_path):
    """Who says that nothing more will come has left: the provider's stream is closed."""
    emulator.answer(Answer(Text("ab" * 50, ("ab",) * 50), pacing=Pacing(between=0.2)))
    async with serving(emulator, tmp_path) as gateway, connection(gateway.url) as (reader, writer):
        writer.write(head("POST", POST, f"Content-Length: {len(STREAM)}") + STREAM)
        await reader.readuntil(b"ab")
        writer.write_eof()
        record = await asyncio.wait_for(gateway.record(), 100)
        assert (record.status, record.failure) == (499, "left")


async def test_many_that_send_nothing_block_no_other(emulator, tmp_path):
    async with serving(emulator, tmp_path, settings=Settings()) as gateway:
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            leaving = asyncio.Event()

            async def idle(start):
                async with connection(gateway.url) as (_, writer):
                    writer.write(start)
                    await leaving.wait()

            for _ in range(100):
                group.create_task(idle(b""))
                group.create_task(idle(b"GET /"))
                group.create_task(idle(head("POST", POST, "Content-Length: 100") + b"{"))
            await asyncio.sleep(0.5)
            answer = await exchange(gateway.url, head("GET", "/healthz"))
            leaving.set()
        assert answer.status == 200
