"""Encoded bodies: decoded in slices, complete only with their checksum, and refused otherwise."""

import asyncio
import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from long_runs import scaled

from modelwire.errors import MalformedResponse, StreamTruncated
from modelwire.transport import Request, drain
from modelwire.transport.content_decoder import (
    DECODED_SLICE,
    ENCODED_SLICE,
    BrokenEncoding,
    CutEncoding,
    Decoder,
    UnsupportedEncoding,
    decoder_for,
)

MIB = 1 << 20


def raw_deflate(data):
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


FORMS = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "deflate without zlib's header": ("deflate", raw_deflate),
    "gzip in members": ("gzip", lambda data: gzip.compress(data[:5]) + gzip.compress(data[5:])),
    "gzip with padding": ("gzip", lambda data: gzip.compress(data) + bytes(100)),
}
forms = pytest.mark.parametrize(("coding", "encode"), FORMS.values(), ids=FORMS)


def decode(coding, pieces):
    decoder = Decoder(coding)
    slices = [part for piece in pieces for part in decoder.feed(piece)]
    decoder.end()
    return slices


@forms
def test_any_split_gives_the_same_bytes(coding, encode):
    @settings(deadline=None, max_examples=60)
    @given(st.binary(max_size=300), st.integers(1, 40))
    def check(data, size):
        encoded = encode(data)
        pieces = [encoded[at : at + size] for at in range(0, len(encoded), size)]
        assert b"".join(decode(coding, pieces)) == data

    check()


@forms
def test_an_encoding_without_its_end_is_cut(coding, encode):
    encoded = encode(b"hello, hello, hello").rstrip(b"\0")
    whole = len(gzip.compress(b"hello")) if encode is FORMS["gzip in members"][1] else None
    for length in range(1, len(encoded)):
        if length != whole:
            with pytest.raises(CutEncoding):
                decode(coding, [encoded[:length]])


def test_a_checksum_that_does_not_hold_is_an_error():
    encoded = bytearray(gzip.compress(b"hello"))
    encoded[-5] ^= 1
    with pytest.raises(BrokenEncoding):
        decode("gzip", [bytes(encoded)])


@pytest.mark.parametrize("value", ["br", "zstd", "compress", "gzip, gzip", "gzip, br"])
def test_what_cannot_be_decoded_is_refused(value):
    with pytest.raises(UnsupportedEncoding):
        decoder_for(value)


@pytest.mark.parametrize("value", [None, "", "identity", "utf-8", "none", "aws-chunked"])
def test_what_names_no_encoding_is_read_as_it_is(value):
    assert decoder_for(value) is None


def bomb(size):
    """Zeros that a thousandth of the bytes holds; made piece by piece."""
    packer = zlib.compressobj(9, wbits=16 + zlib.MAX_WBITS)
    made = [packer.compress(bytes(MIB)) for _ in range(size // MIB)]
    return b"".join([*made, packer.flush()])


@pytest.mark.parametrize(
    "data",
    [bomb(64 * MIB), gzip.compress(b"") * 20_000, gzip.compress(bytes(range(256)) * 4000, 0)],
    ids=["a bomb", "many empty members", "stored"],
)
def test_no_slice_does_more_than_its_share(data):
    decoder, taken = Decoder("gzip"), []

    class Watched:
        """zlib, that notes how much each call takes in and gives out."""

        def __init__(self, inflate):
            self._inflate = inflate

        def decompress(self, given, most):
            made = self._inflate.decompress(given, most)
            taken.append((len(given), len(made)))
            return made

        def __getattr__(self, name):
            return getattr(self._inflate, name)

    begin = decoder._begin

    def watched(given):
        begun = begin(given)
        decoder._inflate = Watched(decoder._inflate)
        return begun

    decoder._begin = watched
    slices = 0
    for _ in decoder.feed(data):
        slices += 1
        assert len(taken) == slices, "one call of zlib for each slice"
    decoder.end()
    assert max(given for given, _ in taken) <= ENCODED_SLICE
    assert max(made for _, made in taken) <= DECODED_SLICE
    assert slices > 200


def reply(body, coding="gzip", *, length=True):
    size = f"Content-Length: {len(body)}\r\n" if length else ""
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n{size}Connection: close\r\n\r\n"
    return head.encode() + body


async def answered(serve, data):
    async def handler(peer):
        await peer.request()
        await peer.send(data)

    return (await serve(handler)).url


async def test_the_loop_turns_between_two_slices_and_memory_is_bounded(serve, transport):
    """A thousand times what was sent: what is decoded between two turns is counted, not the time."""
    size = scaled(128, 1024) * MIB
    url = await answered(serve, reply(bomb(size)))
    decoded, most, running = 0, 0, True

    async def watch():
        nonlocal most
        seen = 0
        while running:
            most, seen = max(most, decoded - seen), decoded
            await asyncio.sleep(0)

    watching = asyncio.create_task(watch())
    tracemalloc.start()
    try:
        async with transport.send(Request("GET", url)) as response:
            async for part in response.iter_bytes():
                decoded += len(part)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    running = False
    await watching
    assert decoded == size
    assert most <= 2 * DECODED_SLICE
    assert peak < 16 * MIB


@pytest.mark.parametrize("length", [True, False], ids=["with a length", "until the end"])
@pytest.mark.parametrize("missing", [1, 8, 12])
async def test_a_body_without_its_trailer_is_truncated(serve, transport, missing, length):
    body = gzip.compress(b"hello " * 100)[:-missing]
    url = await answered(serve, reply(body, length=length))
    parts = []
    async with transport.send(Request("GET", url)) as response:
        with pytest.raises(StreamTruncated, match="ended before its encoding did") as caught:
            async for part in response.iter_bytes():
                parts.append(part)
    assert caught.value.retryable
    assert b"hello" in b"".join(parts), "what came before is yielded"


async def test_draining_finds_that_the_trailer_is_missing(serve, transport):
    url = await answered(serve, reply(gzip.compress(b"hello")[:-8]))
    async with transport.send(Request("GET", url)) as response:
        body = response.iter_bytes()
        assert await anext(body) == b"hello"
        with pytest.raises(StreamTruncated):
            await drain(body)


async def test_an_encoding_that_is_not_supported_is_named(serve, transport):
    url = await answered(serve, reply(b"whatever", "br"))
    async with transport.send(Request("GET", url)) as response:
        with pytest.raises(MalformedResponse, match="not supported: br") as caught:
            await response.read()
    assert not caught.value.retryable


async def test_the_body_of_an_error_is_decoded_too(serve, transport):
    data = reply(gzip.compress(b'{"message": "no"}')).replace(b"200 OK", b"500 No")
    async with transport.send(Request("GET", await answered(serve, data))) as response:
        assert await response.read_error() == b'{"message": "no"}'


async def test_a_part_of_an_answer_is_an_error(serve, transport):
    data = b"HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\nX-Request-Id: r-1\r\n\r\n{}"
    url = await answered(serve, data)
    with pytest.raises(MalformedResponse, match="206 Partial Content") as caught:
        async with transport.send(Request("GET", url)):
            pass
    assert (caught.value.status, caught.value.request_id) == (206, "r-1")
