"""Chunks with a piece of text, which are translated by a shorter way than others."""

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import DecodeError

from modelwire.authoring import JsonEvent, StreamEnd, TypedEvent, reports_failure, until_fault
from modelwire.events import ResponseInfo, TextDelta
from modelwire_openai.compat import Compat
from modelwire_openai.completions.stream import Translator
from modelwire_openai.completions.typed import TYPED_CHUNKS

ODD = st.sampled_from([0, 1, None, True, "", "text", [], {}, {"a": 1}])
DELTAS = st.fixed_dictionaries(
    {},
    optional={
        "content": st.sampled_from(["one", " two", "", None, 3, "\ud83d", []]),
        "reasoning_content": st.sampled_from(["hm", None]),
        "role": st.just("assistant"),
    },
)
CHOICES = st.fixed_dictionaries(
    {"delta": DELTAS | DELTAS | ODD},
    optional={
        "index": st.sampled_from([0, None, 1, True, "0"]),
        "finish_reason": st.sampled_from([None, "", "stop"]),
        "logprobs": st.sampled_from([None, {"content": []}]),
        "error": st.sampled_from([None, {"message": "no"}]),
    },
)
CHUNKS = st.fixed_dictionaries(
    {"choices": st.lists(CHOICES, max_size=2)},
    optional={
        "object": st.sampled_from(["chat.completion.chunk", "error", None]),
        "usage": st.sampled_from([None, {"prompt_tokens": 1, "completion_tokens": 2}]),
        "message": st.sampled_from([None, "busy"]),
        "error": st.sampled_from([None, "busy"]),
        "extra": ODD,
    },
).filter(lambda chunk: not reports_failure("message", chunk))


def as_read(chunk):
    """The event as the reader of a stream makes it."""
    raw = json.dumps(chunk).encode()
    try:
        return TypedEvent("message", TYPED_CHUNKS.decode(raw), raw)
    except DecodeError:
        return JsonEvent("message", chunk)


def translated(events):
    deltas, fault = until_fault(Translator("m", Compat()).feed, [*events, StreamEnd()])
    return deltas, fault and str(fault)


@settings(deadline=None)
@given(chunks=st.lists(CHUNKS, max_size=5))
@example(chunks=[{"choices": [{"delta": {"content": "one"}}]}] * 2)
def test_a_chunk_says_the_same_by_the_shorter_way(chunks):
    events = [JsonEvent("message", chunk) for chunk in chunks]
    assert translated(map(as_read, chunks)) == translated(events)


def test_a_service_that_never_names_its_model_is_introduced_once():
    chunk = {"id": "1", "choices": [{"delta": {"content": "Hello", "role": "assistant"}}]}
    named = {**chunk, "model": "m-2026"}
    deltas, _ = translated([JsonEvent("message", each) for each in (chunk, chunk, named, named)])
    assert [each for each in deltas if isinstance(each, ResponseInfo)] == [
        ResponseInfo(response_id="1"),
        ResponseInfo(response_id="1", response_model="m-2026"),
    ]


def test_a_piece_of_text_takes_the_shorter_way():
    choice = {"index": 0, "delta": {"content": "Hello"}, "logprobs": None, "finish_reason": None}
    chunk = {"id": "1", "object": "chat.completion.chunk", "choices": [choice]}
    assert isinstance(as_read(chunk), TypedEvent)
    deltas, _ = translated([as_read(chunk), as_read(chunk)])
    assert deltas.count(TextDelta(1, "Hello")) == 2


@pytest.mark.parametrize(
    "failure",
    [{"error": {"message": "busy"}}, {"object": "error"}, {"base_resp": {"status_code": 1}}],
)
def test_a_failure_does_not(failure):
    chunk = {"choices": [{"delta": {"content": "Hello"}}], **failure}
    assert reports_failure("message", chunk)
    assert isinstance(as_read(chunk), JsonEvent)
