"""Answers of models, as LangChain's messages and chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import Any, cast

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import tool_call, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from modelwire.events import (
    CitationEvent,
    DoneEvent,
    Event,
    TextDeltaEvent,
    ThinkingDeltaEvent,
    ThinkingEndEvent,
    ToolCallDeltaEvent,
    ToolCallEndEvent,
    ToolCallStartEvent,
)
from modelwire.messages import AssistantMessage, Citation, Text, Thinking, Usage
from modelwire_langchain.messages import PROVIDER, SIGNATURES

__all__ = ["Chunks", "message_of"]

Content = str | list[str | dict[str, Any]]


def message_of(answer: AssistantMessage) -> AIMessage:
    """A whole answer.

    Text alone is a string; with thinking or citations it is a list of standard blocks.
    """
    blocks = list(_blocks(answer))
    plain = all(block.keys() == {"type", "text"} for block in blocks)
    content = "".join(block["text"] for block in blocks) if plain else blocks
    calls = answer.tool_calls
    signatures = {call.id: call.signature for call in calls if call.signature}
    return AIMessage(
        content=cast("Content", content),
        additional_kwargs={SIGNATURES: signatures} if signatures else {},
        tool_calls=[tool_call(name=one.name, args=one.arguments, id=one.id) for one in calls],
        id=answer.response_id,
        usage_metadata=_usage(answer.usage),
        response_metadata=_metadata(answer),
    )


class Chunks:
    """Turns the events of one stream into chunks, which add up to the message.

    Text is in strings until there is thinking; from then on it is in blocks with an index, so that
    the chunks add up to blocks in their order.
    """

    def __init__(self) -> None:
        self._in_blocks = False
        self._makers: dict[type, Callable[[Any], ChatGenerationChunk | None]] = {
            CitationEvent: self._citation,
            DoneEvent: _last,
            TextDeltaEvent: self._text,
            ThinkingDeltaEvent: self._thinking,
            ThinkingEndEvent: self._thinking_end,
            ToolCallDeltaEvent: _arguments,
            ToolCallEndEvent: _signature,
            ToolCallStartEvent: _call,
        }

    def of(self, event: Event) -> ChatGenerationChunk | None:
        """The chunk of an event, or `None` where it has none."""
        make = self._makers.get(type(event))
        return None if make is None else make(event)

    def _text(self, event: TextDeltaEvent) -> ChatGenerationChunk:
        text = event.delta
        if not self._in_blocks:
            return _piece(text, text)
        return _piece([{"type": "text", "text": text, "index": event.content_index}], text)

    def _thinking(self, event: ThinkingDeltaEvent) -> ChatGenerationChunk:
        return self._block(event.content_index, type="reasoning", reasoning=event.delta)

    def _thinking_end(self, event: ThinkingEndEvent) -> ChatGenerationChunk | None:
        extras = _extras(event.signature, redacted=event.redacted)
        if not extras:
            return None
        return self._block(event.content_index, type="reasoning", reasoning="", extras=extras)

    def _citation(self, event: CitationEvent) -> ChatGenerationChunk:
        return self._block(event.content_index, **_text_block("", [event.citation]))

    def _block(self, index: int, **members: Any) -> ChatGenerationChunk:
        self._in_blocks = True
        return _piece([{**members, "index": index}], "")


def _call(event: ToolCallStartEvent) -> ChatGenerationChunk:
    begun = tool_call_chunk(name=event.name, args="", id=event.id, index=event.content_index)
    return _chunk("", tool_call_chunks=[begun])


def _arguments(event: ToolCallDeltaEvent) -> ChatGenerationChunk:
    part = tool_call_chunk(args=event.delta, index=event.content_index)
    return _chunk("", tool_call_chunks=[part])


def _signature(event: ToolCallEndEvent) -> ChatGenerationChunk | None:
    call = event.tool_call
    if not call.signature:
        return None
    return _chunk("", additional_kwargs={SIGNATURES: {call.id: call.signature}})


def _chunk(content: Any, **members: Any) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=content, **members))


_MESSAGE = AIMessageChunk(content="")
_CHUNK = ChatGenerationChunk(message=_MESSAGE)
_CONTAINERS = [
    (name, type(value)) for name, value in vars(_MESSAGE).items() if isinstance(value, dict | list)
]
"""The fields of a message that can be changed in place, so that each message needs its own."""


def _piece(content: Content, text: str) -> ChatGenerationChunk:
    """A chunk that has only content: copies take half of the time that their validation takes.

    Args:
        content: The content.
        text: The text in it.
    """
    message, chunk = copy(_MESSAGE), copy(_CHUNK)
    vars(message).update([(name, new()) for name, new in _CONTAINERS], content=content)
    vars(chunk).update(message=message, text=text)
    return chunk


def _last(event: DoneEvent) -> ChatGenerationChunk:
    answer = event.message
    return _chunk(
        "",
        id=answer.response_id,
        usage_metadata=_usage(answer.usage),
        response_metadata=_metadata(answer),
        chunk_position="last",
    )


def _blocks(answer: AssistantMessage) -> Iterator[dict[str, Any]]:
    for part in answer.content:
        if isinstance(part, Text):
            yield _text_block(part.text, part.citations)
        elif isinstance(part, Thinking):
            text = "" if part.redacted else part.text  # else it only says that it is redacted
            block: dict[str, Any] = {"type": "reasoning", "reasoning": text}
            extras = _extras(part.signature, redacted=part.redacted)
            yield {**block, "extras": extras} if extras else block


def _extras(signature: str | None, *, redacted: bool) -> dict[str, Any]:
    extras = {"signature": signature} if signature else {}
    return {**extras, "redacted": True} if redacted else extras


def _text_block(text: str, citations: Sequence[Citation]) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": text}
    return {**block, "annotations": [_annotation(one) for one in citations]} if citations else block


def _annotation(citation: Citation) -> dict[str, Any]:
    members = {
        "url": citation.source if citation.kind == "web" else None,
        "title": citation.title,
        "cited_text": citation.cited_text,
        "start_index": citation.text_start,
        "end_index": citation.text_end,
    }
    return {
        "type": "citation",
        **{key: value for key, value in members.items() if value is not None},
    }


def _usage(usage: Usage) -> UsageMetadata:
    """The tokens; LangChain's input counts what a cache read or wrote."""
    input_tokens = usage.input + usage.cache_read + usage.cache_write
    found = UsageMetadata(
        input_tokens=input_tokens,
        output_tokens=usage.output,
        total_tokens=input_tokens + usage.output,
    )
    if usage.cache_read or usage.cache_write:
        found["input_token_details"] = InputTokenDetails(
            cache_read=usage.cache_read, cache_creation=usage.cache_write
        )
    if usage.reasoning is not None:
        found["output_token_details"] = OutputTokenDetails(reasoning=usage.reasoning)
    return found


def _metadata(answer: AssistantMessage) -> dict[str, Any]:
    members = {
        "model_name": f"{answer.provider}/{answer.model}",
        "model_provider": PROVIDER,
        "api": answer.api,
        "response_model": answer.response_model,
        "stop_reason": answer.stop_reason.value,
        "raw_stop_reason": answer.raw_stop_reason,
        "cost": None if answer.usage.cost is None else answer.usage.cost.total,
    }
    return {name: value for name, value in members.items() if value is not None}
