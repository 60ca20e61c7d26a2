import base64

import pytest

from modelwire.errors import ConfigError, ConnectionFailed
from modelwire.transport import Request, Transport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BASIC = "Basic " + base64.b64encode(b"me:p@ss w\xc3\xb6rd").decode()
LOGIN = "me:p%40ss%20w%C3%B6rd@"


async def fetch(url, **options):
    async with (
        Transport(**options) as transport,
        transport.send(Request("GET", url, {"X-Key": "k"}), provider="acme") as response,
    ):
        return await response.read()


def with_login(url):
    return url.replace("://", f"://{LOGIN}")


@pytest.fixture
async def target(answering, server_tls):
    return await answering(OK, server_tls)


async def test_https_goes_through_a_tunnel(target, proxy, ca_file):
    url = f"https://localhost:{target.port}/v1"
    assert await fetch(url, environ={}, ca_bundle=ca_file, proxy=proxy.server.url) == b"ok"
    (asked,) = proxy.requests
    assert asked.startswith(f"CONNECT localhost:{target.port} HTTP/1.1\r\n")
    assert "X-Key" not in asked
    assert b"x-key: k" in target.requests[0][0].lower()
    assert b"proxy-authorization" not in target.requests[0][0].lower()


async def test_a_tunnel_is_kept_for_the_next_request(target, proxy, ca_file):
    url = f"https://localhost:{target.port}/v1"
    proxy_url = with_login(proxy.server.url)
    async with Transport(environ={}, ca_bundle=ca_file, proxy=proxy_url) as transport:
        for _ in range(3):
            async with transport.send(Request("GET", url)) as response:
                assert await response.read() == b"ok"
    assert len(proxy.requests) == 1
    assert f"proxy-authorization: {BASIC}".lower() in proxy.requests[0].lower()


async def test_the_environment_names_the_proxy(proxy):
    environ = {"http_proxy": with_login(proxy.server.url)}
    assert await fetch("http://models.example/v1?x=%3A", environ=environ) == b"via proxy"
    (asked,) = proxy.requests
    assert asked.startswith("GET http://models.example/v1?x=%3A HTTP/1.1\r\n")
    assert f"proxy-authorization: {BASIC}".lower() in asked.lower()


async def test_no_proxy_and_loopback_are_reached_directly(answering, proxy):
    server = await answering(OK)
    environ = {"ALL_PROXY": proxy.server.url}
    assert await fetch(server.url, environ=environ) == b"ok"
    assert proxy.requests == []


async def test_the_process_environment_is_not_read_behind_a_given_one(proxy, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", proxy.server.url)
    monkeypatch.setenv("http_proxy", proxy.server.url)
    with pytest.raises(ConnectionFailed, match="cannot be found"):
        await fetch("http://models.invalid/", environ={})
    assert await fetch("http://models.invalid/") == b"via proxy"


async def test_a_given_proxy_is_for_all_hosts_and_an_empty_one_for_none(answering, proxy):
    server = await answering(OK)
    environ = {"NO_PROXY": "*"}
    assert await fetch(server.url, environ=environ, proxy=proxy.server.url) == b"via proxy"
    with pytest.raises(ConnectionFailed, match="cannot be found"):
        await fetch("http://models.invalid/", environ={"HTTP_PROXY": proxy.server.url}, proxy="")


@pytest.mark.parametrize(
    ("refusal", "retryable"),
    [(b"407 Proxy Authentication Required", False), (b"403 Forbidden", False), (b"502 Bad", True)],
)
async def test_a_proxy_that_refuses_is_named_without_its_password(proxy, refusal, retryable):
    proxy.refusal = refusal
    with pytest.raises(ConnectionFailed, match="refused to connect") as caught:
        await fetch(
            "https://models.example/?key=k3y", environ={"HTTPS_PROXY": with_login(proxy.server.url)}
        )
    error = caught.value
    assert str(proxy.server.port) in error.message
    assert "models.example" in error.message
    assert refusal[:3].decode() in error.message
    assert error.retryable is retryable
    assert error.provider == "acme"
    shown = f"{error!r} {error.hint} {error.__cause__!r}"
    assert not any(secret in shown for secret in ("p%40ss", "p@ss", BASIC, "k3y"))


async def test_a_proxy_that_is_down_is_named(proxy):
    port = proxy.server.port
    url = f"http://{LOGIN}127.0.0.1:1"
    for scheme in ("http", "https"):
        with pytest.raises(
            ConnectionFailed, match=r"The proxy 127\.0\.0\.1:1 cannot be reached"
        ) as caught:
            await fetch(f"{scheme}://models.example:{port}/", environ={}, proxy=url)
        assert "p%40ss" not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_a_proxy_whose_name_is_unknown_is_named():
    with pytest.raises(ConnectionFailed, match=r"The proxy proxy\.invalid:3128 cannot be found"):
        await fetch("https://models.example/", environ={}, proxy="proxy.invalid:3128")


async def test_an_https_proxy_is_spoken_to_over_tls(serve, answering, server_tls, ca_file, proxy):
    target = await answering(OK, server_tls)
    secure = await serve(proxy.handle, server_tls)
    url = f"https://localhost:{target.port}/"
    assert await fetch(url, environ={}, ca_bundle=ca_file, proxy=secure.url) == b"ok"
    assert proxy.requests[0].startswith("CONNECT ")


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:1080", "http://", "http://a:b:c"])
async def test_a_proxy_that_cannot_be_used_is_a_configuration_error(url):
    with pytest.raises(ConfigError):
        await fetch("https://models.example/", environ={"ALL_PROXY": url})
