import asyncio
import subprocess
import sys
import tracemalloc

import pytest
from aiohttp import web

from modelwire.errors import (
    ConfigError,
    ConnectionFailed,
    InvalidRequest,
    MalformedResponse,
    RequestTimeout,
)
from modelwire.transport import Deadlines, Request, Transport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def fields(head):
    lines = head.decode().split("\r\n")[1:-2]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


async def fetch(transport, url, **options):
    async with transport.send(Request("GET", url), **options) as response:
        return await response.read()


@pytest.mark.parametrize(
    "target",
    [
        "/model/anthropic.claude-v2%3A1/converse-stream",
        "/model/arn%253Aaws%253Abedrock/converse",
        "/a%2Fb//c/../d/./e?x=%2f&y=a+b%20c&z",
        "/plain:colon@at!$&'()*,;=~",
        "/?q=%E2%82%AC&empty=",
    ],
)
async def test_a_url_goes_out_byte_for_byte(answering, transport, target):
    server = await answering(OK)
    assert await fetch(transport, server.url + target) == b"ok"
    head, _ = server.requests[0]
    assert head.split(b" ")[1].decode() == target


async def test_a_url_beyond_ascii_is_percent_encoded(answering, transport):
    server = await answering(OK)
    await fetch(transport, server.url + "/é?q=ü")
    assert server.requests[0][0].startswith(b"GET /%C3%A9?q=%C3%BC HTTP/1.1\r\n")


async def test_only_the_given_headers_go_out_and_what_http_needs(answering, transport):
    server = await answering(OK)
    request = Request("POST", server.url, {"X-Key": "k", "Content-Type": "text/x"}, b"body")
    async with transport.send(request) as response:
        await response.read()
    head, body = server.requests[0]
    assert body == b"body"
    assert fields(head) == {
        "host": f"127.0.0.1:{server.port}",
        "x-key": "k",
        "content-type": "text/x",
        "content-length": "4",
        "accept-encoding": "identity",
        "user-agent": "modelwire",
    }


async def test_given_headers_win_over_the_defaults(answering, transport):
    server = await answering(OK)
    given = {"user-agent": "mine/1", "accept-encoding": "gzip", "host": "front.example"}
    async with transport.send(Request("GET", server.url, given)) as response:
        await response.read()
    assert given.items() <= fields(server.requests[0][0]).items()


async def test_a_large_body_arrives_whole(answering, transport):
    server = await answering(OK)
    body = bytes(range(256)) * 16_000
    async with transport.send(Request("POST", server.url, {}, body)) as response:
        assert await response.read() == b"ok"
    head, received = server.requests[0]
    assert fields(head)["content-length"] == str(len(body))
    assert received == body


async def test_a_large_body_is_not_copied(serve, transport):
    done = asyncio.Event()
    server = await serve(lambda _: done.wait())
    request = Request("POST", server.url, {}, b"x" * 20_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(RequestTimeout):
            async with transport.send(request, deadlines=Deadlines(first_byte=0.2)):
                pass
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        done.set()
    assert most < 5_000_000


async def test_an_empty_post_says_that_it_is_empty(answering, transport):
    server = await answering(OK)
    for body in (None, b""):
        async with transport.send(Request("POST", server.url, {}, body)) as response:
            await response.read()
    assert [fields(head)["content-length"] for head, _ in server.requests] == ["0", "0"]


async def test_a_response_has_status_headers_and_request_id(answering, transport):
    server = await answering(
        b"HTTP/1.1 404 Gone\r\nContent-Length: 2\r\nX-Request-Id: r-1\r\n\r\nno"
    )
    async with transport.send(Request("GET", server.url)) as response:
        assert response.status == 404
        assert response.headers["x-request-id"] == response.headers["X-REQUEST-ID"] == "r-1"
        assert response.request_id == "r-1"
        assert await response.read() == b"no"


async def test_the_request_says_where_its_service_names_it(answering, transport):
    named = b"X-Request-Id: of-a-proxy\r\nX-Acme-Id: r-1\r\n"
    server = await answering(b"HTTP/1.1 200 OK\r\n" + named + b"Content-Length: 2\r\n\r\nok")
    request = Request("GET", server.url, request_id_headers=("x-acme-id",))
    async with transport.send(request) as response:
        assert response.request_id == "r-1"
        with pytest.raises(MalformedResponse) as caught:
            await response.read(limit=1)
    assert caught.value.request_id == "r-1"


async def test_a_redirect_is_only_a_response(answering, transport):
    server = await answering(
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    )
    request = Request("GET", server.url, {"Authorization": "secret"})
    async with transport.send(request) as response:
        assert response.status == 302
        assert await response.read() == b""
    assert len(server.requests) == 1


async def test_cookies_are_not_kept(answering, transport):
    server = await answering(
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 2\r\n\r\nok"
    )
    await fetch(transport, server.url)
    await fetch(transport, server.url)
    assert "cookie" not in fields(server.requests[1][0])


async def test_chunks_are_given_out_as_they_arrive(serve, transport):
    more = asyncio.Event()

    async def handler(peer):
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
        await more.wait()
        await peer.send(b"3\r\ntwo\r\n0\r\n\r\n")

    server = await serve(handler)
    async with transport.send(Request("GET", server.url)) as response:
        chunks = response.iter_bytes()
        assert await anext(chunks) == b"one"
        more.set()
        assert b"".join([chunk async for chunk in chunks]) == b"two"


async def test_thousands_of_small_chunks_are_given_out_whole(serve, transport):
    """More than aiohttp holds at a time, in pieces of what has arrived together."""
    texts = [b"%07d" % number for number in range(20_000)]

    async def handler(peer):
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await peer.send(b"".join(b"7\r\n%b\r\n" % text for text in texts) + b"0\r\n\r\n")

    server = await serve(handler)
    async with transport.send(Request("GET", server.url)) as response:
        await asyncio.sleep(0.05)
        pieces = [chunk async for chunk in response.iter_bytes()]
    assert b"".join(pieces) == b"".join(texts)
    assert len(pieces) < len(texts) / 100


async def test_server_sent_events_are_decoded(serve, transport):
    async def handler(peer):
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        await peer.send(b": hi\r\n\r\nevent: x\r\ndata: \xe2\x82")
        await asyncio.sleep(0.01)
        await peer.send(b"\xac\r\n\r\ndata: [DONE]")

    server = await serve(handler)
    async with transport.send(Request("GET", server.url)) as response:
        events = [(event.event, event.data) async for event in response.sse()]
    assert events == [("x", "€"), ("message", "[DONE]")]


async def test_a_body_has_a_limit(answering, transport):
    server = await answering(b"HTTP/1.1 500 No\r\nContent-Length: 10\r\n\r\n0123456789")
    async with transport.send(Request("GET", server.url)) as response:
        assert await response.read(limit=10) == b"0123456789"
    async with transport.send(Request("GET", server.url)) as response:
        with pytest.raises(MalformedResponse, match="larger than 9 bytes"):
            await response.read(limit=9)
    async with transport.send(Request("GET", server.url)) as response:
        assert await response.read_error(limit=4) == b"0123"


async def test_an_error_body_that_is_cut_is_read_as_far_as_it_goes(serve, transport):
    async def handler(peer):
        await peer.request()
        await peer.send(b"HTTP/1.1 401 No\r\nContent-Length: 100\r\n\r\nbad key")

    server = await serve(handler)
    async with transport.send(Request("GET", server.url)) as response:
        assert await response.read_error() == b"bad key"


async def test_a_compressed_answer_is_unpacked(aiohttp_app, transport):
    async def answer(_):
        response = web.Response(text="hello" * 100)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    url = await aiohttp_app(answer)
    request = Request("GET", url, {"Accept-Encoding": "gzip"})
    async with transport.send(request) as response:
        assert response.headers["content-encoding"] == "gzip"
        assert await response.read() == b"hello" * 100


@pytest.fixture
async def aiohttp_app():
    runners = []

    async def start(handler):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", handler)
        runner = web.AppRunner(app)
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0]
        return f"http://{host}:{port}/"

    yield start
    for runner in runners:
        await runner.cleanup()


async def test_a_real_server_answers_many_requests_at_once(aiohttp_app, transport):
    async def echo(request):
        return web.Response(body=await request.read())

    url = await aiohttp_app(echo)

    async def one(number):
        async with transport.send(Request("POST", url, {}, b"%d" % number)) as response:
            return await response.read()

    assert await asyncio.gather(*map(one, range(200))) == [b"%d" % n for n in range(200)]


async def test_a_limited_pool_makes_requests_wait_without_failing(aiohttp_app):
    active = most = 0

    async def answer(_):
        nonlocal active, most
        active += 1
        most = max(most, active)
        await asyncio.sleep(0.02)
        active -= 1
        return web.Response(text="ok")

    url = await aiohttp_app(answer)
    async with Transport(environ={}, max_connections=2) as transport:
        answers = await asyncio.gather(*(fetch(transport, url) for _ in range(12)))
    assert answers == [b"ok"] * 12
    assert most == 2


@pytest.mark.parametrize("value", ["s3cret\n", "s3cret\r\nX-Evil: 1", "s3cret\0"])
async def test_a_header_with_a_line_break_is_refused_without_showing_it(transport, value):
    request = Request("GET", "http://127.0.0.1:1/", {"Authorization": value})
    with pytest.raises(InvalidRequest, match="Authorization") as caught:
        async with transport.send(request, provider="acme"):
            pass
    assert "s3cret" not in f"{caught.value!r} {caught.value.hint}"
    assert caught.value.provider == "acme"


@pytest.mark.parametrize("url", ["ftp://a.example/x", "/relative", "http://a/b c", "http://a:b/"])
async def test_a_url_that_cannot_be_sent_is_a_configuration_error(transport, url):
    with pytest.raises(ConfigError):
        await fetch(transport, url)


def test_a_request_hides_what_may_be_secret():
    request = Request("POST", "https://user:pw@a.example/p?key=s3", {"X-Key": "s3"}, b"s3")
    shown = repr(request)
    assert "a.example/p" in shown
    assert "s3" not in shown
    assert "pw" not in shown


async def test_a_closed_transport_sends_nothing(answering):
    server = await answering(OK)
    transport = Transport(environ={})
    await fetch(transport, server.url)
    await transport.aclose()
    await transport.aclose()
    with pytest.raises(ConnectionFailed, match="closed") as caught:
        await fetch(transport, server.url)
    assert not caught.value.retryable


@pytest.mark.parametrize("framing", [b"", b"Content-Length: 50\r\n"], ids=["endless", "counted"])
async def test_closing_the_transport_fails_the_streams_that_are_open(serve, framing):
    async def handler(peer):
        await peer.request()
        await peer.send(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\nstart")
        await peer.sees_disconnect()

    server = await serve(handler)
    transport = Transport(environ={})
    async with transport.send(Request("GET", server.url)) as response:
        chunks = response.iter_bytes()
        await anext(chunks)
        await transport.aclose()
        with pytest.raises(ConnectionFailed, match="transport was closed"):
            await anext(chunks)


def test_importing_the_transport_imports_no_http_library():
    code = (
        "import sys, modelwire.transport as t; t.Transport(environ={});"
        "print([m for m in ('aiohttp', 'asyncio', 'ssl', 'yarl', 'email') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert shown.stdout.strip() == "[]"
