import asyncio
import traceback

import pytest
from within import places_of

from modelwire.errors import (
    ConnectionFailed,
    InvalidRequest,
    MalformedResponse,
    ModelwireError,
    RequestTimeout,
    StreamTruncated,
)
from modelwire.redaction import chain
from modelwire.testing.listener import refusing_port
from modelwire.transport import Deadlines, Request

CHUNKED = b"HTTP/1.1 200 OK\r\nX-Request-Id: r-1\r\nTransfer-Encoding: chunked\r\n\r\n"
SHORT = b"HTTP/1.1 200 OK\r\nX-Request-Id: r-1\r\nContent-Length: 50\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\nX-Request-Id: r-1\r\n\r\n"


async def read_all(transport, url, *, nap=0.0, **options):
    """Read a body and return what arrived and the error at the end."""
    received = b""
    try:
        async with transport.send(Request("POST", url, {}, b"{}"), **options) as response:
            await asyncio.sleep(nap)
            async for chunk in response.iter_bytes():
                received += chunk
    except Exception as error:  # noqa: BLE001 - the test looks at it
        return received, error
    return received, None


@pytest.mark.parametrize("nap", [0, 0.05], ids=["waiting reader", "busy reader"])
@pytest.mark.parametrize("pause", [0, 0.02], ids=["one packet", "fault comes later"])
@pytest.mark.parametrize(
    ("answer", "reset", "kind"),
    [
        pytest.param(CHUNKED + b"5\r\nhello\r\n", False, StreamTruncated, id="no last chunk"),
        pytest.param(CHUNKED + b"9\r\nhello", False, StreamTruncated, id="a cut chunk"),
        pytest.param(SHORT + b"hello", False, StreamTruncated, id="a short body"),
        pytest.param(CHUNKED + b"5\r\nhello\r\n", True, ConnectionFailed, id="a reset"),
        pytest.param(SHORT + b"hello", True, ConnectionFailed, id="a reset of a counted body"),
        pytest.param(UNTIL_CLOSE + b"hello", True, ConnectionFailed, id="a reset of an endless body"),
    ],
)  # fmt: skip
async def test_bytes_before_a_fault_are_delivered_before_it(
    serve, transport, answer, reset, kind, pause, nap
):
    async def handler(peer):
        await peer.request()
        await peer.send(answer)
        await asyncio.sleep(pause)
        if reset:
            peer.reset()

    server = await serve(handler)
    received, error = await read_all(transport, server.url, nap=nap, provider="acme", model="m")
    # A reset may overtake the head, and then there is no response at all.
    assert received == b"hello" or (reset and not pause and received == b"")
    assert type(error) is kind
    assert (error.provider, error.model) == ("acme", "m")
    assert error.request_id == ("r-1" if received else None)
    assert error.retryable


async def test_a_body_without_a_length_ends_with_its_connection(serve, transport):
    async def handler(peer):
        await peer.request()
        await peer.send(UNTIL_CLOSE + b"hello")

    server = await serve(handler)
    assert await read_all(transport, server.url) == (b"hello", None)


@pytest.mark.parametrize("nap", [0, 0.05], ids=["waiting reader", "busy reader"])
async def test_a_body_that_breaks_the_rules_is_malformed(serve, transport, nap):
    async def handler(peer):
        await peer.request()
        await peer.send(CHUNKED + b"5\r\nhello\r\n")
        await asyncio.sleep(0.02)
        await peer.send(b"nonsense\r\n")
        await peer.sees_disconnect()

    server = await serve(handler)
    received, error = await read_all(transport, server.url, nap=nap)
    assert received == b"hello"
    assert type(error) is MalformedResponse


async def test_a_body_that_is_not_encoded_as_it_says_is_malformed(serve, transport):
    async def handler(peer):
        await peer.request()
        await peer.send(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"
        )

    server = await serve(handler)
    _, error = await read_all(transport, server.url)
    assert type(error) is MalformedResponse


@pytest.mark.parametrize(
    ("answer", "reset", "kind"),
    [
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", False, MalformedResponse, id="another protocol"),
        pytest.param(b"", False, ConnectionFailed, id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nConte", False, ConnectionFailed, id="half a head"),
        pytest.param(b"", True, ConnectionFailed, id="a reset"),
    ],
)
async def test_what_answers_must_speak_http(serve, transport, answer, reset, kind):
    async def handler(peer):
        await peer.request()
        await peer.send(answer)
        if reset:
            peer.reset()

    server = await serve(handler)
    _, error = await read_all(transport, f"{server.url}/p?key=s3cret", provider="acme")
    assert type(error) is kind
    assert str(server.port) in error.message
    assert error.provider == "acme"
    assert "s3cret" not in f"{error!r} {error.__cause__} {error.hint}"


async def test_a_refused_connection_says_so(transport):
    with refusing_port() as port:
        _, error = await read_all(transport, f"http://user:pw@127.0.0.1:{port}/?key=s3cret")
    assert type(error) is ConnectionFailed
    assert error.message == f"127.0.0.1:{port} cannot be reached: connection refused."
    assert error.hint
    assert "s3cret" not in str(error.__cause__)


async def test_an_unknown_host_says_so(transport):
    _, error = await read_all(transport, "http://no-such-host.invalid/?key=s3cret")
    assert type(error) is ConnectionFailed
    assert error.message.startswith("no-such-host.invalid cannot be found: ")
    assert "s3cret" not in str(error.__cause__)


async def test_a_server_that_answers_before_it_has_read_everything_is_heard(serve, transport):
    async def handler(peer):
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        await peer.sees_disconnect()

    server = await serve(handler)
    request = Request("POST", server.url, {}, b"x" * 5_000_000)
    async with transport.send(request) as response:
        assert response.status == 413
        assert await response.read() == b"big"


class TestDeadlines:
    async def test_connect_covers_a_server_that_accepts_but_does_not_speak_tls(
        self, serve, transport
    ):
        server = await serve(lambda peer: peer.sees_disconnect())
        url = f"https://127.0.0.1:{server.port}"
        _, error = await read_all(transport, url, deadlines=Deadlines(connect=0.05), provider="p")
        assert type(error) is RequestTimeout
        assert error.phase == "connect"
        assert error.provider == "p"
        assert "0.05 seconds" in error.message

    async def test_first_byte_covers_the_head(self, serve, transport):
        async def handler(peer):
            await peer.request()
            await peer.sees_disconnect()

        server = await serve(handler)
        _, error = await read_all(transport, server.url, deadlines=Deadlines(first_byte=0.05))
        assert error.phase == "first_byte"

    async def test_first_byte_covers_a_body_that_does_not_begin(self, serve, transport):
        async def handler(peer):
            await peer.request()
            await peer.send(CHUNKED)
            await peer.sees_disconnect()

        server = await serve(handler)
        limits = Deadlines(first_byte=1.0, idle=20)
        received, error = await read_all(transport, server.url, deadlines=limits)
        assert (received, error.phase, error.request_id) == (b"", "first_byte", "r-1")

    async def test_first_byte_covers_a_server_that_stops_reading(self, serve, transport):
        done = asyncio.Event()

        server = await serve(lambda _: done.wait())
        request = Request("POST", server.url, {}, b"x" * 50_000_000)
        with pytest.raises(RequestTimeout) as caught:
            async with transport.send(request, deadlines=Deadlines(first_byte=0.2)):
                pass
        done.set()
        assert caught.value.phase == "first_byte"

    @pytest.mark.parametrize(("first_byte", "idle"), [(20, 0.1), (None, 0.1), (1.0, 1.5)])
    async def test_idle_covers_a_body_that_stops(self, serve, transport, first_byte, idle):
        async def handler(peer):
            await peer.request()
            await peer.send(CHUNKED + b"5\r\nhello\r\n")
            await peer.sees_disconnect()

        server = await serve(handler)
        limits = Deadlines(first_byte=first_byte, idle=idle)
        received, error = await asyncio.wait_for(
            read_all(transport, server.url, deadlines=limits), timeout=10
        )
        assert (received, error.phase) == (b"hello", "idle")

    async def test_total_covers_the_wait_for_the_head(self, serve, transport):
        server = await serve(lambda peer: peer.sees_disconnect())
        _, error = await read_all(transport, server.url, deadlines=Deadlines(total=0.05))
        assert error.phase == "total"

    async def test_total_covers_a_body_that_keeps_coming(self, serve, transport):
        async def handler(peer):
            await peer.request()
            await peer.send(CHUNKED)
            while True:
                await peer.send(b"1\r\nx\r\n")
                await asyncio.sleep(0.005)

        server = await serve(handler)
        received, error = await read_all(transport, server.url, deadlines=Deadlines(total=1.0))
        assert error.phase == "total"
        assert received

    async def test_a_slow_consumer_is_no_idle_server(self, serve, transport):
        async def handler(peer):
            await peer.request()
            await peer.send(CHUNKED + b"1\r\na\r\n")
            await asyncio.sleep(0.05)
            await peer.send(b"1\r\nb\r\n0\r\n\r\n")
            await peer.sees_disconnect()

        server = await serve(handler)
        received = b""
        limits = Deadlines(first_byte=20, idle=0.2)
        async with transport.send(Request("GET", server.url), deadlines=limits) as response:
            async for chunk in response.iter_bytes():
                received += chunk
                await asyncio.sleep(0.5)
        assert received == b"ab"

    async def test_without_limits_nothing_is_limited(self, answering, transport):
        server = await answering(CHUNKED + b"5\r\nhello\r\n0\r\n\r\n")
        limits = Deadlines(connect=None, first_byte=None, idle=None)
        assert await read_all(transport, server.url, deadlines=limits) == (b"hello", None)


MARK = "marked-0123456789"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 401 No\r\nSet-Cookie: %b\r\n", id="a cut head"),
        pytest.param(b"HTTP/1.1 401 %b\r\nContent-Le", id="a cut name"),
        pytest.param(b"%b\r\n\r\n", id="no HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\n%b %b\r\n\r\n", id="no field"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n%b", id="a cut body"),
        pytest.param(CHUNKED + b"%b\r\n", id="no chunk"),
    ],
)
async def test_neither_the_request_nor_what_was_answered_is_in_an_error_or_behind_it(
    serve, transport, answer
):
    async def handler(peer):
        await peer.request()
        await peer.send(answer.replace(b"%b", MARK.encode()))

    server = await serve(handler)
    url = f"{server.url}/path?key={MARK}".replace("://", f"://{MARK}@")
    request = Request("POST", url, {"X-Api-Key": MARK}, MARK.encode())
    with pytest.raises(ModelwireError) as caught:
        async with transport.send(request) as response:
            await response.read()
    error = caught.value
    assert not isinstance(error, InvalidRequest)
    for one in chain(error):
        one.__traceback__ = None  # a frame may hold what the caller gave
        assert places_of(MARK, one) == []
        assert MARK not in "".join(traceback.format_exception(one))
