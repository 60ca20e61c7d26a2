"""Header fields of a response as they are handed on: without control characters and secrets."""

import pytest
from hostile_text import HOSTILE_FIELD, obeyed

from modelwire.errors import MalformedResponse
from modelwire.transport import Request, error_from_status

KEY = "sk-acme/0123456789+abcdef="


def response(*fields):
    return b"\r\n".join([b"HTTP/1.1 200 OK", b"Content-Length: 2", *fields, b"", b"ok"])


async def headers_of(transport, server, **options):
    request = Request("GET", server.url, {"Authorization": f"Bearer {KEY}"}, **options)
    async with transport.send(request) as received:
        await received.read()
        return received


@pytest.mark.parametrize("name", ["x-request-id", "content-type", "retry-after", "server", "x-any"])
async def test_control_characters_are_escaped_in_every_field(answering, transport, name):
    server = await answering(response(name.encode() + b": " + HOSTILE_FIELD))
    received = await headers_of(transport, server)
    value = received.headers[name]
    assert obeyed(value.encode()) == []
    assert value.isprintable()
    assert value.startswith(r"h\x1b]52;c;ZXZpbA==\x07m\x1b]0;evil\x07")


async def test_what_is_not_utf_8_is_escaped_too(answering, transport):
    server = await answering(response(b"x-any: a\x9b\xffb\tc"))
    received = await headers_of(transport, server)
    assert received.headers["x-any"] == "a\\udc9b\\udcffb\tc"


async def test_other_fields_stay_as_they_are_also_those_that_are_repeated(answering, transport):
    hostile = b"x-any: \x1b[2J"
    fields = (b"Set-Cookie: a=1", b"Set-Cookie: b=2", b"X-Plain: gr\xc3\xbc\xc3\x9fe")
    for more in ((), (hostile,)):
        server = await answering(response(*fields, *more))
        received = await headers_of(transport, server)
        pairs = [(k.lower(), v) for k, v in received.headers.items()]
        assert [v for k, v in pairs if k == "set-cookie"] == ["a=1", "b=2"]
        assert received.headers["x-plain"] == "grüße"
        assert received.headers["X-PLAIN"] == "grüße"


async def test_a_repeated_key_is_hidden_in_the_id_of_a_request_and_of_its_errors(
    answering, transport
):
    said = b"x-request-id: id-1 Bearer " + KEY.encode()
    server = await answering(response(said))
    request = Request("GET", server.url, {"Authorization": f"Bearer {KEY}"})
    async with transport.send(request) as received:
        assert received.request_id == "id-1 <hidden>"
        with pytest.raises(MalformedResponse) as caught:
            await received.read(limit=1)
        assert error_from_status(401, headers=received.headers).request_id == "id-1 <hidden>"
    assert caught.value.request_id == "id-1 <hidden>"


async def test_a_key_in_the_url_is_a_secret_too(answering, transport):
    server = await answering(response(b"x-any: the-key-in-the-url"))
    request = Request("GET", f"{server.url}/?api_key=the-key-in-the-url")
    async with transport.send(request) as received:
        assert received.headers["x-any"] == "<hidden>"


async def test_an_id_that_the_caller_sent_is_no_secret(answering, transport):
    server = await answering(response(b"x-request-id: an-id-of-the-caller"))
    request = Request("GET", server.url, {"x-request-id": "an-id-of-the-caller"})
    async with transport.send(request) as received:
        assert received.request_id == "an-id-of-the-caller"


async def test_a_long_id_is_cut(answering, transport):
    server = await answering(response(b"x-request-id: " + b"r" * 5000))
    received = await headers_of(transport, server)
    assert received.request_id == "r" * 200
