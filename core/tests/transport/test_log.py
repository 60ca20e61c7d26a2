"""What the logger `modelwire.http` is told: each request once, without secrets, only if it listens."""

import logging

import pytest

from modelwire.errors import ConnectionFailed
from modelwire.redaction import (
    secrets_in,
    shown_request_headers,
    shown_response_headers,
    shown_url,
)
from modelwire.transport import Request


@pytest.fixture
def said(caplog):
    caplog.set_level(logging.DEBUG, "modelwire.http")
    return lambda: [r.getMessage().partition("] ")[2] for r in caplog.records]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://host/path", "https://host/path"),
        ("https://me:pw@host:1/path", "https://host:1/path"),
        ("https://host/?page=2&api_key=k&X-Amz-Signature=s", None),
    ],
)
def test_a_url_is_shown_without_secrets(url, shown):
    expected = shown or "https://host/?page=2&api_key=<hidden>&X-Amz-Signature=<hidden>"
    assert shown_url(url) == expected


def test_of_a_request_only_harmless_headers_are_shown():
    headers = {"Content-Type": "a/b", "X-Gateway": "k", "authorization": "k"}
    assert shown_request_headers(headers) == {
        "Content-Type": "a/b",
        "X-Gateway": "<hidden>",
        "authorization": "<hidden>",
    }


def test_a_plugin_names_more_headers_that_are_harmless():
    headers = {"Acme-Version": "3", "X-Acme-Date": "20261122T000000Z", "X-Acme-Token": "k"}
    assert shown_request_headers(headers, {"acme-version", "x-acme-date"}) == {
        "Acme-Version": "3",
        "X-Acme-Date": "20261122T000000Z",
        "X-Acme-Token": "<hidden>",
    }
    assert secrets_in(headers | {"X-Acme-Token": "a-secret-token"}, {"x-acme-date"}) == (
        "a-secret-token",
    )


def test_of_a_response_cookies_and_tokens_are_hidden():
    headers = {
        "x-request-id": "7",
        "Set-Cookie": "k",
        "x-session-token": "k",
        "Location": "/?sig=k",
    }
    assert shown_response_headers(headers) == {
        "x-request-id": "7",
        "Set-Cookie": "<hidden>",
        "x-session-token": "<hidden>",
        "Location": "/?sig=<hidden>",
    }


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Seen: yes\r\n\r\nhello"


async def test_a_request_is_logged_when_it_goes_out_and_its_response_when_it_comes(
    answering, transport, said
):
    server = await answering(OK)
    headers = {"X-Key": "secret", "X-Acme-Version": "2026-11-01"}
    request = Request(
        "POST",
        f"{server.url}/a?key=secret",
        headers,
        b"12",
        public_headers=frozenset({"x-acme-version"}),
    )
    async with transport.send(request) as response:
        await response.read()
    sent, head, end = said()
    assert sent.startswith(f"POST {server.url}/a?key=<hidden>, 2 bytes\n")
    assert "X-Key: <hidden>" in sent
    assert "X-Acme-Version: 2026-11-01" in sent
    assert head.startswith("200 OK after ")
    assert "X-Seen: yes" in head
    assert end.startswith("5 bytes received, after ")


async def test_an_answer_that_was_left_is_reported_as_such(answering, transport, said):
    server = await answering(OK.replace(b": 5", b": 500"))
    async with transport.send(Request("GET", server.url)) as response:
        await anext(response.iter_bytes())
    assert said()[-1].startswith("5 bytes received, then closed before the end, after ")


async def test_a_failure_is_reported(transport, said):
    with pytest.raises(ConnectionFailed):
        async with transport.send(Request("GET", "http://127.0.0.1:1/")):
            pass
    assert said()[-1].startswith("failed after ")


async def test_a_logger_that_is_off_gets_nothing(answering, transport, caplog):
    server = await answering(OK)
    async with transport.send(Request("GET", server.url)) as response:
        await response.read()
    assert not [record for record in caplog.records if record.name == "modelwire.http"]
