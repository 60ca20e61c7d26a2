import asyncio
import os
import ssl
import subprocess
import threading

import pytest
import trustme

from modelwire.errors import ConfigError, ConnectionFailed
from modelwire.transport import Request, Transport, tls
from modelwire.transport.tls import context_for, trust_settings

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def fetch(url, environ=None, **options):
    async with Transport(environ=environ or {}, **options) as transport:
        return await fetch_with(transport, url)


async def fetch_with(transport, url):
    async with transport.send(Request("GET", url)) as response:
        return await response.read()


@pytest.fixture
async def server(answering, server_tls):
    return await answering(OK, server_tls)


@pytest.fixture
def hashed_directory(ca_file, tmp_path):
    directory = tmp_path / "certs"
    directory.mkdir()
    hashed = subprocess.run(
        ["openssl", "x509", "-hash", "-noout", "-in", str(ca_file)],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.strip()
    (directory / f"{hashed}.0").write_bytes(ca_file.read_bytes())
    return directory


async def test_an_unknown_authority_is_not_trusted_and_the_error_says_what_to_set(server):
    with pytest.raises(ConnectionFailed, match="not trusted") as caught:
        await fetch(server.url)
    assert not caught.value.retryable
    assert "SSL_CERT_FILE" in caught.value.hint
    assert "ca_bundle" in caught.value.hint


async def test_ssl_cert_file_names_whom_to_trust(server, ca_file):
    assert await fetch(server.url, {"SSL_CERT_FILE": str(ca_file)}) == b"ok"


@pytest.mark.parametrize("kind", [str, lambda path: path])
async def test_a_bundle_of_the_caller_is_trusted(server, ca_file, kind):
    assert await fetch(server.url, ca_bundle=kind(ca_file)) == b"ok"


async def test_a_bundle_of_the_caller_replaces_that_of_the_environment(server, ca_file, tmp_path):
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    assert await fetch(server.url, {"SSL_CERT_FILE": str(other)}, ca_bundle=ca_file) == b"ok"
    with pytest.raises(ConnectionFailed):
        await fetch(server.url, {"SSL_CERT_FILE": str(ca_file)}, ca_bundle=other)


@pytest.mark.parametrize("option", ["ca_bundle", "SSL_CERT_DIR"])
async def test_a_directory_of_authorities_is_trusted(server, hashed_directory, option):
    if option == "ca_bundle":
        assert await fetch(server.url, ca_bundle=hashed_directory) == b"ok"
    else:
        assert await fetch(server.url, {"SSL_CERT_DIR": str(hashed_directory)}) == b"ok"


async def test_a_certificate_for_another_host_is_refused_without_talk_of_authorities(
    answering, authority, ca_file
):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example").configure_cert(context)
    server = await answering(OK, context)
    with pytest.raises(ConnectionFailed, match="not trusted") as caught:
        await fetch(server.url, ca_bundle=ca_file)
    assert caught.value.hint is None


async def test_a_server_that_speaks_no_tls_says_so(serve):
    async def handler(peer):
        await peer.reader.read(100)
        await peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    server = await serve(handler)
    with pytest.raises(ConnectionFailed, match="TLS"):
        await fetch(f"https://127.0.0.1:{server.port}")


async def test_a_client_certificate_is_shown(answering, authority, ca_file, server_tls, tmp_path):
    server_tls.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(server_tls)
    server = await answering(OK, server_tls)
    mine = authority.issue_cert("me@example.com")
    cert, key = tmp_path / "me.pem", tmp_path / "me.key"
    mine.cert_chain_pems[0].write_to_path(str(cert))
    mine.private_key_pem.write_to_path(str(key))
    assert await fetch(server.url, ca_bundle=ca_file, client_cert=(cert, str(key))) == b"ok"
    with pytest.raises(ConnectionFailed):
        await fetch(server.url, ca_bundle=ca_file)


@pytest.mark.parametrize("setting", ["ca_bundle", "SSL_CERT_FILE", "SSL_CERT_DIR", "client_cert"])
async def test_a_missing_file_is_a_configuration_error(tmp_path, setting):
    missing = str(tmp_path / "missing.pem")
    options = {
        "ca_bundle": {"ca_bundle": missing},
        "client_cert": {"client_cert": (missing, missing)},
    }
    with pytest.raises(ConfigError, match=r"missing\.pem") as caught:
        await fetch("https://127.0.0.1:1", {setting: missing}, **options.get(setting, {}))
    assert caught.value.hint


async def test_a_file_without_certificates_is_a_configuration_error(tmp_path, ca_file):
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("hello")
    with pytest.raises(ConfigError, match="holds no certificate"):
        await fetch("https://127.0.0.1:1", ca_bundle=garbage)
    with pytest.raises(ConfigError, match="cannot be used together"):
        await fetch("https://127.0.0.1:1", client_cert=(ca_file, garbage))


def test_a_context_is_built_once_for_the_same_settings_and_again_for_a_changed_file(ca_file):
    first = context_for(trust_settings({}, ca_file))
    assert context_for(trust_settings({"SSL_CERT_FILE": "elsewhere"}, str(ca_file))) is first
    ca_file.write_bytes(trustme.CA().cert_pem.bytes())
    assert context_for(trust_settings({}, ca_file)) is not first


@pytest.mark.parametrize("environ", [{}, {"PYTHONHTTPSVERIFY": "0"}])
def test_certificates_are_always_verified(environ):
    context = context_for(trust_settings(environ))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_certificates_of_an_unknown_user_are_named():
    with pytest.raises(ConfigError, match="~no-such-user"):
        trust_settings({"SSL_CERT_FILE": "~no-such-user/ca.pem"})


async def test_another_bundle_does_not_wait_for_one_that_is_being_read(tmp_path):
    slow, late = tmp_path / "slow.pem", threading.Event()
    os.mkfifo(slow)  # whoever reads it waits until it is written

    def write(after):
        late.wait(after)
        late.set()
        slow.write_bytes(b"")

    async with Transport(environ={}, ca_bundle=slow) as transport:
        reads = asyncio.ensure_future(fetch_with(transport, "https://127.0.0.1:1/"))
        writer = threading.Thread(target=write, args=[20])
        writer.start()
        while not transport._preparing.locked():
            await asyncio.sleep(0.001)
        transport.trusting(tmp_path / "another.pem")
        assert not late.is_set()
        late.set()
        with pytest.raises(ConfigError, match=r"slow\.pem"):
            await reads
        writer.join()


async def test_the_store_of_the_system_is_not_read_beside_aiohttp(server, monkeypatch):
    def built(_settings):
        raise AssertionError

    monkeypatch.setattr(tls, "context_for", built)
    with pytest.raises(ConnectionFailed, match="not trusted"):
        await fetch(server.url)
