"""Certificates are verified, whatever the environment and the configuration ask for."""

import ssl
from pathlib import Path

import pytest
import trustme
from each_wire import EACH_WIRE
from leaks import reached

from modelwire import Runtime
from modelwire.errors import ModelwireError
from modelwire.testing import listening
from modelwire.transport import Deadlines, RetryPolicy, Transport

# What turns verification off in other programs. An empty AWS_CA_BUNDLE botocore itself refuses.
TEMPTATIONS = {
    "PYTHONHTTPSVERIFY": "0",
    "SSL_VERIFY": "false",
    "SSL_CERT_FILE": "",
    "SSL_CERT_DIR": "",
    "CURL_CA_BUNDLE": "",
    "NODE_TLS_REJECT_UNAUTHORIZED": "0",
    "AIOHTTP_NO_VERIFY": "1",
}
WISHES = {
    "verify": False,
    "verifySsl": False,
    "insecure": True,
    "ssl": False,
    "request": {"tls": {"insecureSkipVerify": True}},
}


@pytest.mark.parametrize("wire", EACH_WIRE)
async def test_certificates_are_verified_whatever_the_surroundings_say(tmp_path, monkeypatch, wire):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    asked = []

    async def handle(reader, writer):
        asked.append(await reader.read(1))
        writer.close()

    for name, value in TEMPTATIONS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(ssl, "_create_default_https_context", ssl._create_unverified_context)
    async with listening(handle, tls=context) as port:
        url = f"https://127.0.0.1:{port}"
        settings = {"models": {"providers": {"acme": {**wire.provider(url), **WISHES}}}}
        async with Runtime.from_config(
            settings,
            environ={"HOME": str(tmp_path), **TEMPTATIONS},
            retries=RetryPolicy(max_attempts=1),
            cache_directory=tmp_path,
        ) as runtime:
            with pytest.raises(ModelwireError) as caught:
                await runtime.complete(
                    "hi", model="acme/some-model", deadlines=Deadlines(connect=10, first_byte=10)
                )
        assert caught.value.code == "connection", caught.value
        assert "certificate" in str(caught.value).lower()
        assert not caught.value.retryable
        assert await reached(lambda: not any(asked), 0.05)


def test_there_is_no_switch_that_turns_verification_off():
    assert not [name for name in Transport.__init__.__annotations__ if "verif" in name]
    root = Path(__file__).resolve().parents[2]
    words = ("CERT_NONE", "check_hostname", "_create_unverified", "verify=False", "ssl=False")
    folders = ("core", "plugins/*", "integrations/*")
    sources = [file for folder in folders for file in root.glob(f"{folder}/src/**/*.py")]
    assert len(sources) > 200
    guilty = [
        f"{path.relative_to(root)}: {word}"
        for path in sources
        for word in words
        if word in path.read_text()
    ]
    assert guilty == []
