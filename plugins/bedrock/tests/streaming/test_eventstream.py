"""The frame decoder: any split of the bytes, every header type, and only typed errors."""

import struct
from contextlib import suppress
from itertools import pairwise
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.errors import MalformedResponse, ProviderError, StreamTruncated
from modelwire_bedrock.aws.eventstream import LARGEST_HEADERS, LARGEST_PAYLOAD, FrameDecoder

_ALL_TYPES = [
    ("yes", (0, b"")),
    ("no", (1, b"")),
    ("byte", (2, struct.pack(">b", -7))),
    ("short", (3, struct.pack(">h", -300))),
    ("integer", (4, struct.pack(">i", -70_000))),
    ("long", (5, struct.pack(">q", -(2**40)))),
    ("bytes", (6, struct.pack(">H", 3) + b"\x00\xff\x01")),
    ("text", "zürich 🎈"),
    ("time", (8, struct.pack(">q", 1_700_000_000_123))),
    ("uuid", (9, bytes(range(16)))),
]


def decode(*chunks):
    decoder = FrameDecoder()
    frames = [frame for chunk in chunks for frame in decoder.feed(chunk)]
    decoder.end()
    return frames


def split(data, cuts):
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


def read_by_botocore(data):
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return [(message.headers, message.payload) for message in buffer]


def test_headers_of_all_ten_types_are_read(frame):
    (decoded,) = decode(frame(_ALL_TYPES, b"payload"))

    assert dict(decoded.headers) == {
        "yes": True,
        "no": False,
        "byte": -7,
        "short": -300,
        "integer": -70_000,
        "long": -(2**40),
        "bytes": b"\x00\xff\x01",
        "text": "zürich 🎈",
        "time": 1_700_000_000_123,
        "uuid": bytes(range(16)),
    }
    assert decoded.payload == b"payload"
    assert read_by_botocore(frame(_ALL_TYPES, b"payload")) == [
        (dict(decoded.headers), decoded.payload)
    ]


def test_a_recorded_stream_is_read_as_botocore_reads_it(recorded_stream):
    ours = [(dict(frame.headers), frame.payload) for frame in decode(recorded_stream)]

    assert ours == read_by_botocore(recorded_stream)


_HEADERS = st.lists(
    st.tuples(st.text(min_size=1, max_size=20), st.text(max_size=30)),
    max_size=4,
    unique_by=lambda item: item[0],
)


@given(
    messages=st.lists(st.tuples(_HEADERS, st.binary(max_size=200)), max_size=6),
    cuts=st.lists(st.integers(min_value=0, max_value=4_000), max_size=12),
)
def test_any_split_of_the_bytes_gives_the_same_frames(frame, messages, cuts):
    data = b"".join(frame(headers, payload) for headers, payload in messages)

    frames = [(dict(frame.headers), frame.payload) for frame in decode(*split(data, cuts))]

    assert frames == [(dict(headers), payload) for headers, payload in messages]


def test_single_bytes_give_the_same_frames(recorded_stream):
    pieces = [recorded_stream[i : i + 1] for i in range(len(recorded_stream))]

    assert decode(*pieces) == decode(recorded_stream)


@settings(max_examples=300)
@given(
    place=st.integers(min_value=0), value=st.integers(1, 255), cuts=st.lists(st.integers(0, 900))
)
def test_a_changed_byte_is_an_error_and_never_a_frame(event, place, value, cuts):
    good = [event("contentBlockDelta", {"delta": {"text": f"word {i}"}}) for i in range(4)]
    data = bytearray(b"".join(good))
    place %= len(data)
    data[place] ^= value
    decoder, seen = FrameDecoder(), []

    with pytest.raises((MalformedResponse, StreamTruncated)):
        for chunk in split(bytes(data), cuts):
            seen += decoder.feed(chunk)
        decoder.end()

    intact = place // len(good[0])
    assert [frame.payload for frame in seen] == [f.payload for f in decode(*good[:intact])]


@settings(max_examples=300)
@given(data=st.binary(max_size=300))
def test_noise_gives_only_typed_errors(data):
    decoder = FrameDecoder()
    with suppress(ProviderError):
        list(decoder.feed(data))
        decoder.end()


@settings(max_examples=300)
@given(raw=st.binary(min_size=1, max_size=60))
def test_headers_that_cannot_be_read_are_a_typed_error(frame, raw):
    head = struct.pack(">II", 16 + len(raw), len(raw))
    data = with_checksums(head, raw)
    try:
        frames = decode(data)
    except MalformedResponse:
        return
    assert [(dict(f.headers), f.payload) for f in frames] == read_by_botocore(data)


def with_checksums(head, rest):
    prelude = head + struct.pack(">I", crc32(head))
    return prelude + rest + struct.pack(">I", crc32(prelude + rest))


def test_frames_of_one_size_are_kept_apart(frame):
    kinds = [f"kind-{number}" for number in range(4)]
    frames = [frame([(":event-type", kind)], b"payload") for kind in [*kinds, *kinds]]
    assert len(set(map(len, frames))) == 1

    read = decode(b"".join(frames))

    assert [dict(frame.headers) for frame in read] == [{":event-type": k} for k in [*kinds, *kinds]]


def test_frames_of_more_sizes_than_are_remembered_are_read(frame):
    messages = [([("name", "value")], b"x" * (number % 1500)) for number in range(3000)]

    read = decode(b"".join(frame(headers, payload) for headers, payload in messages))

    assert [(dict(f.headers), f.payload) for f in read] == [(dict(h), p) for h, p in messages]


@pytest.mark.parametrize("place", [0, 3, 4, 7, 8, 11, 12, 20, -30, -5, -4, -1])
def test_a_changed_byte_in_a_frame_like_the_one_before_is_noticed(event, place):
    good = event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "word"}})
    bad = bytearray(good)
    bad[place] ^= 0x40
    frames = FrameDecoder().feed(good * 2 + bytes(bad) + good * 20)

    assert [next(frames).payload for _ in range(2)] == [decode(good)[0].payload] * 2
    with pytest.raises(MalformedResponse, match="checksum"):
        next(frames)


def test_good_frames_in_front_of_a_bad_one_are_delivered_first(event):
    good = event("messageStart", {"role": "assistant"})
    bad = bytearray(event("metadata", {}))
    bad[-1] ^= 1
    frames = FrameDecoder().feed(good * 3 + bytes(bad) + good)

    assert [next(frames).headers[":event-type"] for _ in range(3)] == ["messageStart"] * 3
    with pytest.raises(MalformedResponse, match="checksum of a frame is wrong"):
        next(frames)


def test_a_decoder_that_failed_says_so_again(event):
    decoder = FrameDecoder()
    with pytest.raises(MalformedResponse):
        list(decoder.feed(b"no frame begins like this"))

    with pytest.raises(MalformedResponse):
        list(decoder.feed(event("messageStart", {})))
    with pytest.raises(MalformedResponse):
        decoder.end()


def test_an_iteration_that_is_left_early_loses_nothing(event):
    decoder = FrameDecoder()
    frames = decoder.feed(b"".join(event("messageStart", {"n": n}) for n in range(3)))
    first = next(frames)
    frames.close()

    assert [first, *decoder.feed(b"")] == decode(
        *(event("messageStart", {"n": n}) for n in range(3))
    )


@pytest.mark.parametrize("kept", [1, 11, 12, 13, 40, -1])
def test_a_cut_frame_is_an_error_at_the_end(event, kept):
    decoder = FrameDecoder()
    assert list(decoder.feed(event("messageStart", {"role": "assistant"})[:kept])) == []

    with pytest.raises(StreamTruncated, match="cut inside a frame"):
        decoder.end()


@pytest.mark.parametrize(
    ("total", "headers"),
    [
        (0, 0),
        (15, 0),
        (16, 1),
        (16 + 2**20, LARGEST_HEADERS + 1),
        (17 + LARGEST_PAYLOAD, 0),
        (2**32 - 1, 2**32 - 1),
    ],
)
def test_impossible_sizes_are_refused_before_anything_is_kept(total, headers):
    with pytest.raises(MalformedResponse):
        list(FrameDecoder().feed(with_checksums(struct.pack(">II", total, headers), b"")))


def test_the_largest_payload_is_taken(frame):
    payload = bytes(LARGEST_PAYLOAD)
    data = frame([], payload)

    (decoded,) = decode(*(data[i : i + 65_536] for i in range(0, len(data), 65_536)))
    assert decoded.payload == payload


def test_a_header_that_comes_twice_is_refused(frame):
    with pytest.raises(MalformedResponse, match="twice"):
        decode(frame([("name", "a"), ("name", "b")]))


def test_frames_whose_headers_are_the_same_bytes_share_them(event):
    """The translator finds its usual frames by that, without looking into the headers."""
    texts = ["a", "b", "a longer text", "x" * 5_000]
    data = [event("contentBlockDelta", {"text": text}) for text in texts]
    other = event("contentBlockStop", {"contentBlockIndex": 0})
    frames = [
        *decode(b"".join([*data, other, *data])),
        *decode(*data),  # another decoder
        *decode(*(data[0][at : at + 1] for at in range(len(data[0])))),
    ]
    shared = [f.headers for f in frames if f.headers[":event-type"] == "contentBlockDelta"]
    assert len(shared) == len(frames) - 1
    assert len({id(headers) for headers in shared}) == 1


def test_headers_cannot_be_changed_by_who_reads_them(event):
    (decoded,) = decode(event("messageStart", {}))
    with pytest.raises(TypeError):
        decoded.headers[":event-type"] = "other"


def test_nothing_is_a_stream_without_frames():
    assert decode() == []
    assert decode(b"", b"") == []
