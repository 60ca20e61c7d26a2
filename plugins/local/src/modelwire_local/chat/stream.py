"""The engine's chunks as deltas.

A chunk is a dict in the shape of OpenAI's streamed chat completions, with some liberties: the chunk
with the role may be missing, `content` may be null, and while the prompt is read there are chunks
that only report progress. Where a tool was chosen before, the text is the arguments of its call.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from modelwire.authoring import (
    count_tokens,
    read_object,
    read_objects,
    read_text,
    report_usage,
    require_index,
)
from modelwire.errors import MalformedResponse, StreamTruncated
from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    Delta,
    Diagnostic,
    ResponseInfo,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCallStart,
)
from modelwire.messages import Cost, StopReason, Usage
from modelwire_local.answer_content import Chunk
from modelwire_local.errors import error_from_payload
from modelwire_local.generation import Item, ToolChosen
from modelwire_local.settings import API

__all__ = ["Translator"]


_THINKING, _TEXT, _FIRST_TOOL = 0, 1, 2

_STOP_REASONS = {
    "stop": StopReason.STOP,
    "length": StopReason.LENGTH,
    "tool_calls": StopReason.TOOL_USE,
}


class Translator:
    """Translates what one answer is made of, as `modelwire.authoring.Translator` says.

    Args:
        provider: The provider's id, for errors.
        model: The model's id, for errors.
        tool_names: Names of tools in the request that differ from the tools' own, and those.
    """

    def __init__(
        self, provider: str, model: str, tool_names: Mapping[str, str] | None = None
    ) -> None:
        self._provider = provider
        self._model = model
        self._names = tool_names or {}
        self._introduced = False
        self._thinking = False
        self._tool: int | None = None
        self._chosen = False
        self._finish: str | None = None
        self._counted = False

    @property
    def ended(self) -> bool:
        """Whether the answer is complete, with its usage, which the engine sends last.

        Later chunks are ignored.
        """
        return self._finish is not None and self._counted

    def feed(self, events: Iterable[Item], deltas: list[Delta]) -> None:
        """Translate chunks and choices of tools; append what they say to `deltas`.

        Raises:
            ProviderError: A chunk reports a failure. What the chunks before it say has been appended.
            MalformedResponse: A chunk is not in the shape of chat completions.
        """
        for chunk in events:
            if isinstance(chunk, Diagnostic):
                deltas.append(chunk)
                continue
            if self.ended:
                return
            if isinstance(chunk, ToolChosen):
                self._call_chosen(chunk.name, deltas)
                continue
            if "error" in chunk:
                raise error_from_payload(chunk["error"], provider=self._provider, model=self._model)
            try:
                self._chunk(chunk, deltas)
            except MalformedResponse as error:
                # The same engine would say the same again.
                error.provider, error.model, error.retryable = self._provider, self._model, False
                raise

    def end(self) -> None:
        """Check that the answer is complete.

        Raises:
            StreamTruncated: It has no finish reason.
        """
        if self._finish is None:
            msg = "The answer ended without a finish reason."
            raise StreamTruncated(msg, provider=self._provider, model=self._model)

    def _chunk(self, chunk: Chunk, deltas: list[Delta]) -> None:
        if not self._introduced and chunk:
            self._introduced = True
            deltas.append(ResponseInfo(response_id=read_text(chunk, "id"), api=API))
        for choice in read_objects(chunk, "choices"):
            self._content(read_object(choice, "delta") or {}, deltas)
            finish = read_text(choice, "finish_reason")
            if finish is not None:
                self._finished(finish, deltas)
        usage = chunk.get("usage")
        if usage:
            self._counted = True
            deltas.append(report_usage(usage, _usage))

    def _content(self, delta: dict[str, Any], deltas: list[Delta]) -> None:
        thoughts, text = read_text(delta, "reasoning_content"), read_text(delta, "content")
        if thoughts:
            self._thinking = True
            deltas.append(ThinkingDelta(_THINKING, thoughts))
        if text and self._chosen:
            deltas.append(ArgumentsDelta(_FIRST_TOOL, text))
        elif text:
            if self._thinking:
                self._thinking = False
                deltas.append(BlockEnd(_THINKING))
            deltas.append(TextDelta(_TEXT, text))
        for call in read_objects(delta, "tool_calls"):
            self._tool_call(call, deltas)

    def _tool_call(self, call: dict[str, Any], deltas: list[Delta]) -> None:
        number = 0 if call.get("index") is None else require_index(call, "index")
        index = _FIRST_TOOL + number
        function = read_object(call, "function") or {}
        if index != self._tool:
            if self._tool is not None:
                deltas.append(BlockEnd(self._tool))
            self._tool = index
            # Not every template's calls have an id; the result needs one to name.
            name = read_text(function, "name") or ""
            call_id = read_text(call, "id") or f"call_{number}"
            deltas.append(ToolCallStart(index, call_id, self._names.get(name, name)))
        fragment = read_text(function, "arguments")
        if fragment:
            deltas.append(ArgumentsDelta(index, fragment))

    def _call_chosen(self, name: str, deltas: list[Delta]) -> None:
        self._chosen, self._tool = True, _FIRST_TOOL
        call_id = f"call_{secrets.token_hex(12)}"
        deltas.append(ToolCallStart(_FIRST_TOOL, call_id, self._names.get(name, name)))

    def _finished(self, finish: str, deltas: list[Delta]) -> None:
        # A call that the token limit cut stays open, so that it is not run.
        if self._tool is not None and finish != "length":
            deltas.append(BlockEnd(self._tool))
            self._tool = None
        self._finish = finish
        reason = _STOP_REASONS.get(finish, StopReason.STOP)
        if self._chosen and reason is StopReason.STOP:
            reason = StopReason.TOOL_USE
        deltas.append(Stop(reason, finish))


def _usage(usage: Mapping[str, Any]) -> Usage:
    cached = count_tokens(usage.get("prompt_tokens_details"), "cached_tokens") or 0
    return Usage(
        input=max(0, (count_tokens(usage, "prompt_tokens") or 0) - cached),
        output=count_tokens(usage, "completion_tokens") or 0,
        cache_read=cached,
        cost=Cost(),  # local computation costs nothing
    )
