"""The same failure of HTTP is the same error over every wire."""

import asyncio
import gzip
import json
from contextlib import asynccontextmanager

import pytest
from wires import WIRES

from modelwire import Runtime
from modelwire.errors import ModelwireError
from modelwire.testing import ScriptedAnswer
from modelwire.transport import RetryPolicy

TEXT = "Hello you"
PAGE = b"<html><title>Log in</title></html>"


def http(wire, body=b"", *, status="200 OK", kind=None, fields=""):
    """A response whose body has a length."""
    length = "" if status.startswith("204") else f"Content-Length: {len(body)}\r\n"
    return _head(wire, status, kind, length + fields) + body


def _head(wire, status="200 OK", kind=None, fields=""):
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind or wire.stream_type}\r\n{fields}"
    return f"{head}Connection: close\r\n\r\n".encode()


def answer(wire):
    return b"".join(wire.kit.bodies(ScriptedAnswer(TEXT)))


def zipped(wire, data):
    return http(wire, data, fields="Content-Encoding: gzip\r\n")


CHUNKED = "Transfer-Encoding: chunked\r\n"
TRUNCATED = ("stream_truncated", True)
FOREIGN = ("malformed_response", False)
RESPONSES = {
    "an empty 200": (TRUNCATED, http),
    "blank lines": (TRUNCATED, lambda wire: http(wire, b"\n\n")),
    "204": (TRUNCATED, lambda wire: http(wire, status="204 No Content")),
    "206": (
        ("malformed_response", True),
        lambda wire: http(wire, answer(wire), status="206 Partial Content"),
    ),
    "a cut before the first event": (TRUNCATED, lambda wire: _head(wire, fields=CHUNKED)),
    "an end before the first event": (
        TRUNCATED,
        lambda wire: _head(wire, fields=CHUNKED) + b"0\r\n\r\n",
    ),
    "a close before the first event": (TRUNCATED, _head),
    "HTML": (FOREIGN, lambda wire: http(wire, PAGE, kind="text/html")),
    "gzip without its trailer": (
        TRUNCATED,
        lambda wire: zipped(wire, gzip.compress(answer(wire))[:-8]),
    ),
    "half of a gzip": (TRUNCATED, lambda wire: zipped(wire, gzip.compress(answer(wire))[:-30])),
    "gzip that is none": (("malformed_response", True), lambda wire: zipped(wire, answer(wire))),
    "an unsupported encoding": (
        FOREIGN,
        lambda wire: http(wire, answer(wire), fields="Content-Encoding: br\r\n"),
    ),
}


@asynccontextmanager
async def served(wire, response):
    """A runtime in front of a server that gives the same response to every request."""

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line.partition(b":")[2]))
        writer.write(response)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    provider = {**wire.kit.settings(url, "sk-key"), "api": wire.api, "models": ["m"]}
    runtime = Runtime.from_config(
        {"models": {"providers": {"p": provider}}},
        environ=dict(wire.kit.environ(url, "sk-key")),
        retries=RetryPolicy(max_attempts=1),
    )
    async with server, runtime:
        yield runtime


@pytest.mark.parametrize("wire", WIRES, ids=str)
@pytest.mark.parametrize("name", RESPONSES)
async def test_the_same_response_is_the_same_error(wire, name):
    expected, make = RESPONSES[name]
    async with served(wire, make(wire)) as runtime:
        with pytest.raises(ModelwireError) as caught:
            await runtime.complete("x", model="p/m")
    error = caught.value
    assert (error.code, error.retryable) == expected, error.message
    assert error.message
    assert error.partial.tool_calls == []


@pytest.mark.parametrize("wire", [wire for wire in WIRES if not wire.aws], ids=str)
@pytest.mark.parametrize("as_stream", [True, False], ids=["as a stream", "as JSON"])
async def test_an_error_in_json_with_success_is_what_it_says(wire, as_stream):
    body = json.dumps(wire.failure(wire.refusals["throttled"])).encode()
    response = http(wire, body, kind=None if as_stream else "application/json")
    async with served(wire, response) as runtime:
        with pytest.raises(ModelwireError) as caught:
            await runtime.complete("x", model="p/m")
    assert (caught.value.code, caught.value.retryable) == ("rate_limited", True)
    assert "It failed." in caught.value.message


@pytest.mark.parametrize("wire", [wire for wire in WIRES if not wire.aws], ids=str)
@pytest.mark.parametrize(
    "body", [b'{"message": "no"}', b'{"detail": "no"}', b'{"error": {"message": "no"}}']
)
async def test_json_that_says_what_failed_is_a_failure_of_the_service(wire, body):
    async with served(wire, http(wire, body, kind="application/json")) as runtime:
        with pytest.raises(ModelwireError) as caught:
            await runtime.complete("x", model="p/m")
    assert (caught.value.code, caught.value.retryable) == ("server_error", True)
    assert caught.value.message == "no"


@pytest.mark.parametrize("wire", WIRES, ids=str)
@pytest.mark.parametrize("body", [b"{}", b'{"hello": "you"}', b"[]", b"{"])
async def test_json_that_is_no_answer_is_not_of_the_api(wire, body):
    async with served(wire, http(wire, body, kind="application/json")) as runtime:
        with pytest.raises(ModelwireError) as caught:
            await runtime.complete("x", model="p/m")
    assert (caught.value.code, caught.value.retryable) == FOREIGN


@pytest.mark.parametrize("wire", WIRES, ids=str)
async def test_an_encoded_answer_is_read_though_none_was_asked_for(wire):
    async with served(wire, zipped(wire, gzip.compress(answer(wire)))) as runtime:
        message = await runtime.complete("x", model="p/m")
    assert message.text == TEXT
