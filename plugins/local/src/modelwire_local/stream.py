"""Chunks of the engine, translated into deltas.

A chunk is a dict in the shape of OpenAI's streamed chat completions, with some liberties: the chunk
with the role may be missing, `content` may be null, and while the prompt is read there are chunks
that only report progress.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    Delta,
    ResponseInfo,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCallStart,
    UsageReport,
)
from modelwire.messages import Cost, StopReason, Usage
from modelwire_local.errors import error_from_payload
from modelwire_local.settings import API

__all__ = ["ChunkDecoder"]


_THINKING, _TEXT, _FIRST_TOOL = 0, 1, 2

_STOP_REASONS = {
    "stop": StopReason.STOP,
    "length": StopReason.LENGTH,
    "tool_calls": StopReason.TOOL_USE,
}


class ChunkDecoder:
    """Turns the chunks of one answer into deltas, in order.

    Args:
        provider: The provider's id, for errors.
        model: The model's id, for errors.
    """

    def __init__(self, provider: str, model: str) -> None:
        self._provider = provider
        self._model = model
        self._introduced = False
        self._thinking = False
        self._tool: int | None = None

    def decode(self, chunk: dict[str, Any]) -> Iterator[Delta]:
        """Turn one chunk into deltas.

        Raises:
            ProviderError: The chunk reports a failure.
        """
        if "error" in chunk:
            raise error_from_payload(chunk["error"], provider=self._provider, model=self._model)
        if not self._introduced:
            self._introduced = True
            yield ResponseInfo(response_id=chunk.get("id"), api=API)
        for choice in chunk.get("choices") or ():
            yield from self._content(choice.get("delta") or {})
            finish = choice.get("finish_reason")
            if finish is not None:
                yield from self._finish(finish)
        usage = chunk.get("usage")
        if usage:
            yield UsageReport(_usage(usage))

    def _content(self, delta: dict[str, Any]) -> Iterator[Delta]:
        thoughts, text = delta.get("reasoning_content"), delta.get("content")
        if thoughts:
            self._thinking = True
            yield ThinkingDelta(_THINKING, thoughts)
        if text:
            if self._thinking:
                self._thinking = False
                yield BlockEnd(_THINKING)
            yield TextDelta(_TEXT, text)
        for call in delta.get("tool_calls") or ():
            yield from self._tool_call(call)

    def _tool_call(self, call: dict[str, Any]) -> Iterator[Delta]:
        index = _FIRST_TOOL + (call.get("index") or 0)
        function = call.get("function") or {}
        if index != self._tool:
            if self._tool is not None:
                yield BlockEnd(self._tool)
            self._tool = index
            # Not every template's calls have an id; the result needs one to name.
            name = function.get("name") or ""
            yield ToolCallStart(index, call.get("id") or f"call_{index - _FIRST_TOOL}", name)
        fragment = function.get("arguments")
        if fragment:
            yield ArgumentsDelta(index, fragment)

    def _finish(self, finish: str) -> Iterator[Delta]:
        # A call that the token limit cut stays open, so that nobody runs it.
        if self._tool is not None and finish != "length":
            yield BlockEnd(self._tool)
            self._tool = None
        yield Stop(_STOP_REASONS.get(finish, StopReason.STOP), finish)


def _usage(usage: dict[str, Any]) -> Usage:
    cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    return Usage(
        input=max(0, usage.get("prompt_tokens", 0) - cached),
        output=usage.get("completion_tokens", 0),
        cache_read=cached,
        cost=Cost(),  # one's own processor sends no bill
    )
