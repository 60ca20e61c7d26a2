"""Chunks of answers, which are made in a shorter way where they have nothing but content."""

import sys

import pytest
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from modelwire.events import CitationEvent, TextDeltaEvent, ThinkingDeltaEvent, ThinkingEndEvent
from modelwire.messages import Citation
from modelwire_langchain.answers import Chunks

pytestmark = pytest.mark.extensive("it needs a framework, which takes long to import")

THINKING = ThinkingDeltaEvent(0, "Hm.")
SIGNED = {"type": "reasoning", "reasoning": "", "extras": {"signature": "s"}, "index": 0}
CITED = {"type": "citation", "title": "Cities"}


@pytest.mark.parametrize(
    ("events", "content"),
    [
        ([TextDeltaEvent(0, "Hello")], "Hello"),
        ([THINKING], [{"type": "reasoning", "reasoning": "Hm.", "index": 0}]),
        ([THINKING, ThinkingEndEvent(0, "Hm.", "s")], [SIGNED]),
        (
            [THINKING, TextDeltaEvent(1, "Hello")],
            [{"type": "text", "text": "Hello", "index": 1}],
        ),
        (
            [CitationEvent(0, Citation("document", title="Cities"))],
            [{"type": "text", "text": "", "annotations": [CITED], "index": 0}],
        ),
    ],
    ids=["text", "thinking", "signature", "text after thinking", "citation"],
)
def test_a_piece_is_a_chunk_as_langchain_makes_it(events, content):
    chunks = Chunks()
    *_, chunk = map(chunks.of, events)
    made = ChatGenerationChunk(message=AIMessageChunk(content=content))
    assert chunk == made
    assert chunk.model_dump(exclude_unset=True) == made.model_dump(exclude_unset=True)
    assert chunk.message.model_dump(exclude_unset=True) == made.message.model_dump(
        exclude_unset=True
    )
    assert (type(chunk), type(chunk.message)) == (type(made), type(made.message))


def test_a_piece_is_not_validated():
    chunks, called = Chunks(), []

    def note(_frame, kind, function):
        if kind == "c_call":
            called.append(function.__name__)

    sys.setprofile(note)
    try:
        chunks.of(TextDeltaEvent(0, "Hello"))
    finally:
        sys.setprofile(None)
    assert "update" in called
    assert "validate_python" not in called


def test_pieces_share_nothing():
    chunks = Chunks()
    first, second = [chunks.of(TextDeltaEvent(0, text)) for text in ("one", "two")]
    first.message.additional_kwargs["a"] = 1
    first.generation_info = {"b": 2}
    first.message.id = "1"
    made = ChatGenerationChunk(message=AIMessageChunk(content="two"))
    assert second == made
    assert second.message.model_fields_set == made.message.model_fields_set
    assert (first + second).text == "onetwo"


def test_pieces_have_no_container_in_common():
    chunks = Chunks()
    pieces = [chunks.of(TextDeltaEvent(0, text)) for text in ("one", "two")]
    for first, second in (pieces, [piece.message for piece in pieces]):
        for name, value in vars(first).items():
            if isinstance(value, dict | list | set):
                assert value is not vars(second)[name], name
