"""Output items of Responses, and the usage."""

from __future__ import annotations

from typing import Any

import msgspec

from modelwire.dialects import ServedCall
from modelwire.messages import AssistantContent, Citation, Text, Thinking, ToolCall, Usage
from modelwire_openai.responses.served.history import REDACTED
from modelwire_openai.served.tools import custom_input, signature_of

__all__ = ["annotation_of", "item_of", "usage_of"]


def item_of(block: AssistantContent, item_id: str, call: ServedCall) -> dict[str, Any]:
    """A finished item.

    Args:
        block: The content block that it holds.
        item_id: Its id.
        call: Says which tools are no functions.
    """
    if isinstance(block, Thinking):
        return _reasoning(block, item_id)
    if isinstance(block, ToolCall):
        return _call(block, item_id, call)
    return _message(block, item_id)


def _message(block: Text, item_id: str) -> dict[str, Any]:
    part = {
        "type": "output_text",
        "text": block.text,
        "annotations": [annotation_of(each) for each in block.citations],
        "logprobs": [],
    }
    return {
        "id": item_id,
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [part],
    }


def _reasoning(block: Thinking, item_id: str) -> dict[str, Any]:
    """Thinking as a summary, which is what clients show; its signature is the encrypted content."""
    sealed = block.signature
    if block.redacted:
        return {
            "id": item_id,
            "type": "reasoning",
            "summary": [],
            "encrypted_content": f"{REDACTED}{sealed or ''}",
        }
    summary = [{"type": "summary_text", "text": block.text}] if block.text else []
    return {"id": item_id, "type": "reasoning", "summary": summary, "encrypted_content": sealed}


def _call(block: ToolCall, item_id: str, call: ServedCall) -> dict[str, Any]:
    written = {"id": item_id, "status": "completed", "call_id": block.id, **signature_of(block)}
    if block.name in call.shell_tools:
        action = {"type": "exec", "env": {}, **block.arguments}
        return {**written, "type": "local_shell_call", "action": action}
    if block.name in call.custom_tools:
        text = custom_input(block.arguments)
        return {**written, "type": "custom_tool_call", "name": block.name, "input": text}
    arguments = msgspec.json.encode(block.arguments).decode()
    return {**written, "type": "function_call", "name": block.name, "arguments": arguments}


def annotation_of(citation: Citation) -> dict[str, Any]:
    """A citation as an annotation: of an address where it has one, else of a file."""
    if citation.kind in ("web", "search_result"):
        return {
            "type": "url_citation",
            "url": citation.source or "",
            "title": citation.title or "",
            "start_index": citation.text_start or 0,
            "end_index": citation.text_end or 0,
        }
    return {
        "type": "file_citation",
        "file_id": citation.source or "",
        "filename": citation.title or "",
        "index": citation.text_start or 0,
    }


def usage_of(usage: Usage) -> dict[str, Any]:
    """The usage of an answer, where the input includes what a cache held."""
    given = usage.input + usage.cache_read + usage.cache_write
    return {
        "input_tokens": given,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": usage.cache_write,
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning or 0},
        "total_tokens": given + usage.output,
    }
