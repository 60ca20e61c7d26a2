"""Content blocks, citations, usage and stop reasons of Anthropic's API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from modelwire.messages import (
    AssistantContent,
    AssistantMessage,
    Citation,
    StopReason,
    Text,
    Thinking,
    Usage,
)

__all__ = ["block_of", "citation_of", "stop_reason_of", "usage_of"]

_REASONS: Final[Mapping[StopReason, str]] = {
    StopReason.STOP: "end_turn",
    StopReason.LENGTH: "max_tokens",
    StopReason.TOOL_USE: "tool_use",
}
_OWN: Final = frozenset({"stop_sequence", "pause_turn", "refusal", "model_context_window_exceeded"})
"""Reasons of the API itself that say more than modelwire's."""

_PLACES: Final[Mapping[str | None, tuple[str, str, str]]] = {
    "char": ("char_location", "start_char_index", "end_char_index"),
    "page": ("page_location", "start_page_number", "end_page_number"),
    "chunk": ("content_block_location", "start_block_index", "end_block_index"),
}


def stop_reason_of(message: AssistantMessage) -> str:
    """Why an answer ended."""
    raw = message.raw_stop_reason
    if raw in _OWN and message.stop_reason is not StopReason.TOOL_USE:
        return raw or ""
    return _REASONS.get(message.stop_reason, "end_turn")


def usage_of(usage: Usage) -> dict[str, Any]:
    """The usage of an answer."""
    return {
        "input_tokens": usage.input,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write - usage.cache_write_1h,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        },
        "output_tokens": usage.output,
    }


def block_of(block: AssistantContent) -> dict[str, Any]:
    """A finished content block."""
    if isinstance(block, Text):
        citations = [citation_of(each) for each in block.citations]
        return {"type": "text", "text": block.text, "citations": citations or None}
    if isinstance(block, Thinking):
        if block.redacted:
            return {"type": "redacted_thinking", "data": block.signature or ""}
        return {"type": "thinking", "thinking": block.text, "signature": block.signature or ""}
    return {"type": "tool_use", "id": block.id, "name": block.name, "input": block.arguments}


def citation_of(citation: Citation) -> dict[str, Any]:
    """A citation, in the form for its source."""
    cited = citation.cited_text or ""
    if citation.kind == "web":
        return {
            "type": "web_search_result_location",
            "cited_text": cited,
            "url": citation.source or "",
            "title": citation.title,
            "encrypted_index": citation.signature or "",
        }
    if citation.kind == "search_result":
        return {
            "type": "search_result_location",
            "cited_text": cited,
            "source": citation.source or "",
            "title": citation.title,
            "search_result_index": citation.index or 0,
            "start_block_index": citation.start or 0,
            "end_block_index": citation.end or 0,
        }
    kind, start, end = _PLACES.get(citation.unit, _PLACES["char"])
    return {
        "type": kind,
        "cited_text": cited,
        "document_index": citation.index or 0,
        "document_title": citation.title,
        start: citation.start or 0,
        end: citation.end or 0,
        "file_id": citation.source if citation.kind == "file" else None,
    }
