"""Frames, read back by botocore's own parser."""

import json

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from modelwire_bedrock.emulator.frames import event_frame, exception_frame, split_frames
from modelwire_bedrock.testing import EventStreamWire


def decode(data, pieces=1):
    buffer = EventStreamBuffer()
    size = max(1, len(data) // pieces)
    messages = []
    for at in range(0, len(data), size):
        buffer.add_data(data[at : at + size])
        messages += [(m.headers, json.loads(m.payload)) for m in buffer]
    return messages


@given(st.lists(st.text(), min_size=1, max_size=5), st.integers(1, 50))
def test_botocore_reads_every_event_whatever_the_split(texts, pieces):
    bodies = [{"contentBlockIndex": 0, "delta": {"text": text}} for text in texts]
    data = b"".join(event_frame("contentBlockDelta", body) for body in bodies)

    messages = decode(data, pieces)

    assert [{k: v for k, v in body.items() if k != "p"} for _, body in messages] == bodies
    assert all(headers[":event-type"] == "contentBlockDelta" for headers, _ in messages)


def test_padding_is_a_prefix_of_the_alphabet_as_bedrock_sends_it():
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    for at in range(50):
        [(_, body)] = decode(event_frame("messageStart", {"role": "assistant", "n": at}))
        assert len(body["p"]) >= 2
        assert alphabet.startswith(body["p"])


def test_an_exception_frame_names_its_type():
    [(headers, body)] = decode(exception_frame("throttlingException", "slow down"))

    assert headers[":message-type"] == "exception"
    assert headers[":exception-type"] == "throttlingException"
    assert body == {"message": "slow down"}


def test_a_stream_is_cut_into_its_frames_and_what_is_left():
    frames = [event_frame("messageStart", {"role": "assistant"}), event_frame("messageStop", {})]
    data = b"".join(frames)

    assert split_frames(data) == frames
    assert split_frames(data[:-3]) == [frames[0], frames[1][:-3]]


class SaidWire(EventStreamWire):
    def events(self, answer):
        yield "said", {"text": answer.content[0].text}


def test_botocore_reads_the_frames_of_the_conformance_kit():
    wire, buffer = SaidWire(), EventStreamBuffer()
    buffer.add_data(wire.encode(("said", {"text": "hi"})))
    buffer.add_data(wire.encode(("!throttling", {"message": "slow"})))
    said, refused = (event.to_response_dict() for event in buffer)
    assert (said["headers"][":event-type"], said["body"]) == ("said", b'{"text": "hi"}')
    assert refused["headers"][":exception-type"] == "throttling"
    buffer.add_data(wire.garbage())
    with pytest.raises(ChecksumMismatch):
        next(buffer)
