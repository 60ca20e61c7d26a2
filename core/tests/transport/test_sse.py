import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwire.errors import MalformedResponse
from modelwire.transport import ServerSentEvent, SseDecoder


def decode(*chunks, **options):
    decoder = SseDecoder(**options)
    events = [event for chunk in chunks for event in decoder.feed(chunk)]
    return events + decoder.end()


def message(data, **fields):
    return ServerSentEvent(data=data, **fields)


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        pytest.param(b"", [], id="an empty body"),
        pytest.param(b"data: a\n\ndata: b\n\n", [message("a"), message("b")], id="LF"),
        pytest.param(b"data: a\r\n\r\ndata: b\r\n\r\n", [message("a"), message("b")], id="CRLF"),
        pytest.param(b"data: a\r\rdata: b\r\r", [message("a"), message("b")], id="CR"),
        pytest.param(b"data: a\ndata: b\n\n", [message("a\nb")], id="several data lines"),
        pytest.param(b"data:a\ndata:  b\n\n", [message("a\n b")], id="one space is dropped"),
        pytest.param(b": ping\n\n:\n\ndata: a\n: x\n\n", [message("a")], id="comments"),
        pytest.param(b"event: x\ndata: a\n\ndata: b\n\n", [message("a", event="x"), message("b")], id="event"),
        pytest.param(b"event: x\n\ndata: b\n\n", [message("b")], id="an event without data is none"),
        pytest.param(b"id: 1\ndata: a\n\ndata: b\n\n", [message("a", id="1"), message("b", id="1")], id="id stays"),
        pytest.param(b"id: 1\0\ndata: a\n\n", [message("a")], id="an id with NUL is ignored"),
        pytest.param(b"retry: 50\ndata: a\n\ndata: b\n\n", [message("a", retry=50), message("b")], id="retry"),
        pytest.param(b"retry: 5s\ndata: a\n\n", [message("a")], id="retry that is no number"),
        pytest.param(b"retry: " + b"9" * 5000 + b"\ndata: a\n\n", [message("a")], id="retry without end"),
        pytest.param(b"retry: \xd9\xa1\ndata: a\n\n", [message("a")], id="retry in other digits"),
        pytest.param(b"data\n\n", [message("")], id="a field without a colon has no value"),
        pytest.param(b"data:\ndata:\n\n", [message("\n")], id="empty data lines"),
        pytest.param(b"nonsense: 1\nfoo\ndata: a\n\n", [message("a")], id="unknown fields"),
        pytest.param(b"\xef\xbb\xbfdata: a\n\n", [message("a")], id="a BOM at the start"),
        pytest.param(b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [message("a")], id="a BOM elsewhere is no BOM"),
        pytest.param(b"data: \xff\n\n", [message("\ufffd")], id="what is not UTF-8 is replaced"),
        pytest.param("data: a\u2028b\x0bc\x85d\n\n".encode(), [message("a\u2028b\x0bc\x85d")], id="other separators are text"),
        pytest.param(b"data: a\n", [message("a")], id="the last blank line is missing"),
        pytest.param(b"data: [DONE]", [message("[DONE]")], id="the last line end is missing"),
        pytest.param(b"event: x\n", [], id="an unfinished event without data"),
    ],
)  # fmt: skip
def test_reads_what_the_standard_says(stream, events):
    assert decode(stream) == events


@pytest.mark.parametrize(
    "stream", ["\ufeffevent: é\r\ndata: 日本\r\ndata: 🎉\r\r\n\r\nid:7\n\n".encode()]
)
def test_bytes_may_come_one_by_one(stream):
    assert decode(*(stream[i : i + 1] for i in range(len(stream)))) == decode(stream)


_PIECES = st.sampled_from(
    ["\r", "\n", "\r\n", "data:", "data: ", "event: x", "id: 4", "retry: 9", ":", "é", "🎉", "\ufeff", "a", " "]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=40), st.data())
def test_any_split_of_a_stream_gives_the_same_events(pieces, data):
    stream = "".join(pieces).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    bounds = [0, *cuts, len(stream)]
    chunks = [stream[a:b] for a, b in itertools.pairwise(bounds)]
    assert decode(*chunks) == decode(stream)


def test_an_event_is_given_out_with_the_carriage_return_that_ends_it():
    decoder = SseDecoder()
    assert decoder.feed(b"data: a\r\n\r") == [message("a")]
    assert decoder.feed(b"\ndata: b\n\n") == [message("b")]


class CountingBytes(bytes):
    """Bytes that count how many of them the decoder looks through."""

    looked_at = 0

    def splitlines(self, *args):
        CountingBytes.looked_at += len(self)
        return super().splitlines(*args)


def test_a_long_line_in_small_pieces_is_looked_at_once():
    CountingBytes.looked_at = 0
    decoder = SseDecoder()
    piece = CountingBytes(b"x" * 100)
    decoder.feed(b"data: ")
    for _ in range(100_000):
        assert decoder.feed(piece) == []
    assert len(decoder._pieces) == 100_001
    (event,) = decoder.feed(b"\n\n")
    assert len(event.data) == 10_000_000
    assert CountingBytes.looked_at == 10_000_000


@pytest.mark.parametrize("stream", [b"data: " + b"x" * 200, b"data: xxxxxxxx\n" * 30])
def test_an_event_over_the_limit_is_an_error(stream):
    with pytest.raises(MalformedResponse, match="larger than 100 bytes"):
        decode(stream, limit=100)


def test_a_limit_is_for_one_event_and_not_for_the_stream():
    assert len(decode(b"data: 1234567890\n\n" * 50, limit=20)) == 50


def test_events_before_one_that_is_too_large_are_not_lost():
    decoder = SseDecoder(limit=20)
    assert decoder.feed(b"data: a\n\ndata: " + b"x" * 50) == [message("a")]
    with pytest.raises(MalformedResponse):
        decoder.feed(b"x")
    with pytest.raises(MalformedResponse):
        decoder.end()


@pytest.mark.parametrize(
    "line", [b"data: " + b"x" * 30, b"unknown: " + b"x" * 30, b":" + b"x" * 30]
)
def test_a_line_beyond_the_limit_is_refused_however_it_comes(line):
    whole, split = SseDecoder(20), SseDecoder(20)
    with pytest.raises(MalformedResponse):
        whole.feed(line + b"\n\n")
    with pytest.raises(MalformedResponse):
        for position in range(len(line) + 2):
            split.feed((line + b"\n\n")[position : position + 1])


LINES = [
    b"data: a",
    b"data: b",
    b"data:",
    b"data",
    b"event: x",
    b"event: ",
    b"id: 7",
    b"retry: 0",
    b": c",
    b"",
    b"",
]


@given(
    st.lists(st.sampled_from(LINES), max_size=12),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.binary(max_size=3),
)
@settings(deadline=None)
def test_whole_events_are_read_as_their_bytes_are_one_by_one(lines, line_end, rest):
    stream = line_end.join([*lines, rest])
    # Only what comes after the first bytes is taken as whole events.
    begun = b": begun\n\n"
    whole = decode(begun, stream)
    assert whole == decode(begun, *(stream[i : i + 1] for i in range(len(stream))))
    assert whole == decode(begun, stream[:5], stream[5:])


def test_the_data_may_be_left_in_bytes():
    decoder = SseDecoder()
    stream = b"event: x\ndata: \xff\n\nid: 3\nretry: 5\ndata: a\ndata: b\n\ndata: c"
    assert decoder.feed_raw(stream) == [("x", b"\xff", None, None), ("message", b"a\nb", "3", 5)]
    assert decoder.end_raw() == [("message", b"c", "3", None)]
