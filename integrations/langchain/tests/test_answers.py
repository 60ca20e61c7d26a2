"""Chunks of answers, which are made in a shorter way where they are a piece of text."""

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from modelwire.events import TextDeltaEvent
from modelwire_langchain.answers import Chunks


def test_a_piece_of_text_is_a_chunk_as_langchain_makes_it():
    chunk = Chunks().of(TextDeltaEvent(0, "Hello"))
    made = ChatGenerationChunk(message=AIMessageChunk(content="Hello"))
    assert chunk == made
    assert chunk.model_dump(exclude_unset=True) == made.model_dump(exclude_unset=True)
    assert type(chunk) is type(made)


def test_pieces_share_nothing():
    chunks = Chunks()
    first, second = [chunks.of(TextDeltaEvent(0, text)) for text in ("one", "two")]
    first.message.additional_kwargs["a"] = 1
    first.generation_info = {"b": 2}
    assert second == ChatGenerationChunk(message=AIMessageChunk(content="two"))
    assert (first + second).text == "onetwo"
