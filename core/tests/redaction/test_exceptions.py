"""A cause keeps its message and its place, and loses the text that it found fault with."""

import json
import subprocess
import sys

import aiohttp
import pytest
import yarl
from aiohttp import HttpVersion11
from aiohttp.http_exceptions import BadHttpMessage, InvalidHeader, LineTooLong
from aiohttp.http_parser import RawResponseMessage
from multidict import CIMultiDict, CIMultiDictProxy

from modelwire.redaction import chain, scrub


def raised(decode, text):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - whatever the decoder raises
        decode(text)
    return caught.value


def test_the_document_of_a_json_error_is_dropped():
    error = raised(json.loads, '{"key": secret}')
    said = str(error)
    assert "secret" in error.doc
    assert scrub(error) is error
    assert error.doc == ""
    assert str(error) == said
    assert error.pos == 8


@pytest.mark.parametrize(
    ("decode", "text"),
    [(bytes.decode, b"secret \xff"), (str.encode, "secret \ud800"), (str.encode, "\ud800 secret")],
)
def test_what_could_not_be_decoded_or_encoded_is_dropped(decode, text):
    error = raised(decode, text)
    assert error.object == text
    scrub(error)
    assert not error.object
    assert "secret" not in str(error.args)
    assert str(error)


def test_all_causes_of_an_error_are_redacted():
    first = raised(json.loads, "secret")
    second = raised(bytes.decode, b"\xff")
    second.__context__ = first
    third = RuntimeError("third")
    third.__cause__ = second
    assert scrub(third) is third
    assert first.doc == ""


def test_a_ring_of_causes_has_an_end():
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__context__ = other, one
    assert list(chain(one)) == [one, other]


HEADERS = CIMultiDictProxy(CIMultiDict({"Set-Cookie": "secret"}))
HEAD = RawResponseMessage(
    HttpVersion11, 401, "secret", HEADERS, ((b"Set-Cookie", b"secret"),), True, None, False, False
)
URL = yarl.URL("https://ann:secret@host/path?key=secret#secret")


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ClientResponseError(
            aiohttp.RequestInfo(URL, "GET", HEADERS, URL),
            (),
            status=401,
            message="secret",
            headers=HEADERS,
        ),
        BadHttpMessage("secret", headers=HEADERS),
        InvalidHeader(b"secret: \0"),
        LineTooLong(b"secret", 8),
        aiohttp.ServerDisconnectedError(HEAD),
        aiohttp.ClientPayloadError("secret"),
        aiohttp.InvalidURL("https://ann:secret@host", "no"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_the_http_library_says_nothing_of_request_and_response(error):
    assert "secret" in f"{error!r} {error} {error.args} {vars(error)}"
    assert scrub(error) is error
    assert "secret" not in f"{error!r} {error} {error.args} {vars(error)}"


def test_what_the_operating_system_says_stays():
    for error in (
        aiohttp.ClientOSError(104, "Connection reset by peer"),
        aiohttp.ServerDisconnectedError("Server disconnected"),
        aiohttp.ServerTimeoutError("too late"),
    ):
        said = str(error)
        assert str(scrub(error)) == said
        assert said


def test_no_http_library_is_imported_for_it():
    code = (
        "import sys; from modelwire.redaction import scrub; scrub(ValueError('x'));"
        "assert 'aiohttp' not in sys.modules and 'yarl' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
