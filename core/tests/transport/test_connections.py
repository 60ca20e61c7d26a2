"""What becomes of a connection: closed when the body was left, kept when it was read."""

import asyncio

import pytest

from modelwire.errors import ConnectionFailed, RequestTimeout
from modelwire.transport import Deadlines, Request, Transport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BEGINNING = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"


@pytest.fixture(params=["http", "https"])
async def stalling(request, serve, server_tls):
    """A server that begins to answer, stalls, and tells when the client has gone."""
    gone = asyncio.Event()

    async def handler(peer):
        await peer.request()
        await peer.send(server.beginning)
        await peer.sees_disconnect()
        gone.set()

    server = await serve(handler, server_tls if request.param == "https" else None)
    server.beginning = BEGINNING
    server.gone = gone
    return server


@pytest.fixture
async def client(ca_file):
    async with Transport(environ={}, ca_bundle=ca_file) as client:
        yield client


async def test_what_is_received_takes_a_small_buffer(stalling, client):
    """A larger one comes from the operating system for each read, and goes back to it."""
    async with client.send(Request("GET", stalling.url)) as response:
        transport = response._body._raw.connection.transport
        receiver = getattr(transport, "_ssl_protocol", transport)
        assert receiver.max_size == 64 * 1024


async def sees_disconnect(server):
    await asyncio.wait_for(server.gone.wait(), timeout=10)


async def test_leaving_the_context_closes_the_connection(stalling, client):
    async with client.send(Request("GET", stalling.url)) as response:
        assert response.status == 200
    await sees_disconnect(stalling)


async def test_an_error_in_the_context_closes_the_connection(stalling, client):
    async def fail():
        async with client.send(Request("GET", stalling.url)) as response:
            async for _ in response.iter_bytes():
                raise KeyError

    with pytest.raises(KeyError):
        await fail()
    await sees_disconnect(stalling)


@pytest.mark.parametrize("reading", ["iter_bytes", "sse"])
async def test_closing_the_iteration_closes_the_connection(stalling, client, reading):
    stalling.beginning = (
        BEGINNING.replace(b"hello", b"data\n").replace(b"\r\n5", b"\r\n5") + b"1\r\n\n\r\n"
    )
    async with client.send(Request("GET", stalling.url)) as response:
        stream = getattr(response, reading)()
        await anext(stream)
        await stream.aclose()
        await sees_disconnect(stalling)
        with pytest.raises(ConnectionFailed):
            await response.read()


@pytest.mark.parametrize("beginning", [BEGINNING, b""], ids=["body", "head"])
async def test_cancelling_the_task_closes_the_connection(stalling, client, beginning):
    stalling.beginning = beginning
    reached = asyncio.Event()

    async def read():
        reached.set()
        async with client.send(Request("GET", stalling.url)) as response:
            async for _ in response.iter_bytes():
                pass

    task = asyncio.create_task(read())
    await reached.wait()
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await sees_disconnect(stalling)


async def test_another_task_can_close_a_response_that_is_being_read(stalling, client):
    async with client.send(Request("GET", stalling.url)) as response:
        begun = asyncio.Event()

        async def read():
            async for _ in response.iter_bytes():
                begun.set()

        task = asyncio.create_task(read())
        await begun.wait()
        response.close()
        with pytest.raises(ConnectionFailed, match="response was closed"):
            await task
    await sees_disconnect(stalling)


async def test_a_deadline_closes_the_connection(stalling, client):
    limits = Deadlines(idle=0.05)
    async with client.send(Request("GET", stalling.url), deadlines=limits) as response:
        stream = response.iter_bytes()
        await anext(stream)
        with pytest.raises(RequestTimeout):
            await anext(stream)
        await sees_disconnect(stalling)


@pytest.mark.parametrize(
    "answer",
    [OK, BEGINNING + b"0\r\n\r\n", b"HTTP/1.1 204 No\r\n\r\n"],
    ids=["counted", "chunked", "empty"],
)
async def test_a_body_that_was_read_leaves_its_connection_for_the_next(answering, client, answer):
    server = await answering(answer)
    for _ in range(5):
        async with client.send(Request("POST", server.url, {}, b"x")) as response:
            await response.read()
    assert len(server.requests) == 5
    assert server.connections == 1


async def test_a_body_can_be_read_once(answering, client):
    server = await answering(OK)
    async with client.send(Request("GET", server.url)) as response:
        assert await response.read() == b"ok"
        assert await response.read() == b""


@pytest.mark.parametrize("way", ["close", "reset"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_kept_connection_that_the_server_closed_is_replaced(serve, client, method, way):
    """The server hangs up on the second request of a connection without a word."""

    async def handler(peer):
        server.requests.append(await peer.request())
        await peer.send(OK)
        await peer.request()
        if way == "reset":
            peer.reset()

    server = await serve(handler)
    body = b"x" * 300_000 if method == "POST" else None
    for _ in range(3):
        async with client.send(Request(method, server.url, {}, body)) as response:
            assert await response.read() == b"ok"
    assert server.connections == 3
    assert [len(sent) for _, sent in server.requests] == [len(body or b"")] * 3


async def test_a_new_connection_that_the_server_closes_is_an_error(serve, client):
    async def handler(peer):
        server.requests.append(await peer.request())

    server = await serve(handler)
    with pytest.raises(ConnectionFailed):
        async with client.send(Request("POST", server.url, {}, b"x")):
            pass
    assert len(server.requests) == 1


async def test_a_request_that_was_begun_to_be_answered_is_not_sent_again(serve, client):
    async def handler(peer):
        server.requests.append(await peer.request())
        await peer.send(OK)
        server.requests.append(await peer.request())
        await peer.send(b"HTTP/1.1 200 OK\r\nCont")

    server = await serve(handler)
    request = Request("POST", server.url, {}, b"x")
    async with client.send(request) as response:
        await response.read()
    with pytest.raises(ConnectionFailed):
        async with client.send(request):
            pass
    assert len(server.requests) == 2


async def test_a_kept_connection_that_dies_in_the_pool_is_no_trouble(serve, client):
    async def handler(peer):
        await peer.request()
        await peer.send(OK)
        peer.reset()

    server = await serve(handler)
    for _ in range(3):
        async with client.send(Request("POST", server.url, {}, b"x")) as response:
            assert await response.read() == b"ok"
        await asyncio.sleep(0.02)
    assert server.connections == 3
