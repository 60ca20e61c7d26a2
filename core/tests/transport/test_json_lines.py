"""JSON lines: decoded whatever the pieces in which they come, and refused where they are none."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.errors import MalformedResponse, ProviderError
from modelwire.testing import listening
from modelwire.transport import Request, Transport
from modelwire.transport.json_lines import JsonLinesDecoder

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def decode(*chunks, **options):
    decoder = JsonLinesDecoder(**options)
    return [each for chunk in chunks for each in decoder.feed(chunk)] + decoder.end()


@pytest.mark.parametrize(
    ("stream", "documents"),
    [
        (b"", []),
        (b'{"a": 1}\n[2]\n', [{"a": 1}, [2]]),
        (b'{"a": 1}\r\n\r\n \n[2]', [{"a": 1}, [2]]),
        (b"\xef\xbb\xbf1\n2", [1, 2]),
        ('"gr\u00fc\u00df\u2028\U0001f389"\n'.encode(), ["gr\u00fc\u00df\u2028\U0001f389"]),
    ],
)
def test_each_line_is_a_document(stream, documents):
    assert decode(stream) == documents
    assert decode(*(bytes([byte]) for byte in stream)) == documents


@settings(deadline=None)
@given(st.lists(JSON, max_size=5), st.lists(st.integers(0, 400), max_size=5), st.booleans())
def test_any_split_gives_the_same_documents(documents, cuts, ascii_only):
    stream = "\n".join(json.dumps(each, ensure_ascii=ascii_only) for each in documents).encode(
        "utf-8", "surrogatepass" if ascii_only else "replace"
    )
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    chunks = [stream[a:b] for a, b in itertools.pairwise(places)]
    assert decode(*chunks) == decode(stream)


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (b'1\n{"oops\n', "Line 2 of the stream is not JSON"),
        (b'1\n"\xff\xfe"\n', "Line 2 of the stream is not UTF-8 text"),
        (b'1\n"caf\xc3', "Line 2 of the stream is not UTF-8 text"),
        (b"1\n" + b"[" * 100_000, "Line 2 of the stream is not JSON"),
        (b"1\n" + b"[" * 300 + b"]" * 300, "nested deeper"),
        (b"1\n" + b'"' + b"x" * 64 + b'"', "larger than 64 bytes"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 10**6])
def test_what_is_no_json_is_an_error_after_what_came_before(stream, said, size):
    limit = 64 if "64" in said else 10**6
    decoder, found = JsonLinesDecoder(limit), []
    with pytest.raises(MalformedResponse, match=said):
        for at in range(0, len(stream), size):
            found += decoder.feed(stream[at : at + size])
        decoder.end()
    assert found == [1]


def test_an_endless_line_is_not_kept():
    decoder = JsonLinesDecoder(1000)
    taken = 0
    with pytest.raises(MalformedResponse):
        for _ in range(10**6):
            decoder.feed(b"x" * 100)
            taken += 100
    assert taken == 1000
    with pytest.raises(MalformedResponse):
        decoder.feed(b"")


async def read(body, **options):
    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()

    found = []
    async with listening(answer) as port, Transport() as transport:
        request = Request("GET", f"http://127.0.0.1:{port}/")
        async with transport.send(request) as response:
            async for each in response.json_lines(**options):
                found.append(each)
    return found


async def test_a_response_is_read_as_json_lines():
    assert await read(b'{"a": 1}\n"b"\n') == [{"a": 1}, "b"]
    with pytest.raises(ProviderError, match="larger than 5 bytes"):
        await read(b'{"a": 1}\n', limit=5)
    with pytest.raises(MalformedResponse, match="not UTF-8"):
        await read(b'"\xff"\n')
