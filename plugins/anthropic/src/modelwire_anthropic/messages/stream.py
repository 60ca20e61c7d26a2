"""Stream events of the Messages API, translated into deltas.

https://docs.anthropic.com/en/docs/build-with-claude/streaming has the events and their order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from modelwire.authoring import (
    BodyEvent,
    StreamEnd,
    ToolArguments,
    TypedEvent,
    count_tokens,
    cut_stream,
    read_object,
    read_text,
    report_usage,
    require_index,
    require_text,
)
from modelwire.errors import ContentFiltered, MalformedResponse, ProviderError
from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    Delta,
    Diagnostic,
    RedactedThinkingDelta,
    ResponseInfo,
    SignatureDelta,
    Stop,
    TextDelta,
    ThinkingDelta,
    ToolCallStart,
    UsageReport,
)
from modelwire.messages import StopReason, Usage
from modelwire.repair import clean_json
from modelwire_anthropic.messages.assistant import from_base64
from modelwire_anthropic.messages.citations import read_citation
from modelwire_anthropic.messages.typed import TypedText
from modelwire_anthropic.messages.whole import events_of_answer

__all__ = ["Translator"]

_REASONS: Mapping[str, StopReason] = {
    "end_turn": StopReason.STOP,
    "stop_sequence": StopReason.STOP,
    # A tool that the service runs itself has taken long; the conversation may continue from here.
    "pause_turn": StopReason.STOP,
    "max_tokens": StopReason.LENGTH,
    "model_context_window_exceeded": StopReason.LENGTH,
    "tool_use": StopReason.TOOL_USE,
}

_Event = Mapping[str, Any]
_BROKEN = (LookupError, TypeError, AttributeError, ValueError, OverflowError)
"""Exceptions raised while reading an event that does not have the shape of its type."""


class Translator:
    """Translates the events of one answer, as `modelwire.authoring.Translator` says.

    Args:
        names: Names of tools on the wire that differ from the tools' own, and those.

    Attributes:
        ended: Whether the answer is complete; later events are ignored.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self.ended = False
        self._names = names
        self._usage: dict[str, Any] = {}
        self._arguments: dict[int, ToolArguments] = {}
        self._asides: dict[int, dict[str, Any]] = {}
        self._reason: str | None = None
        self._details: Any = None

    def feed(self, events: Iterable[BodyEvent], deltas: list[Delta]) -> None:
        """Translate events; append what they say to `deltas`.

        Raises:
            ContentFiltered: The model refused; what came before has been appended.
            MalformedResponse: An event does not follow the protocol. Likewise.
        """
        for event in events:
            if self.ended:
                return
            # `isinstance` takes several times as long with such a class.
            if type(event) is TypedEvent:
                text: TypedText = event.typed
                if text.index in self._asides:
                    self._take(event.parsed(), deltas)
                else:
                    deltas.append(TextDelta(text.index, text.delta.text))
            elif type(event) is StreamEnd:
                continue
            elif event.whole:
                for data in events_of_answer(event.data):
                    self._take(data, deltas)
            else:
                self._take(event.data, deltas)

    def _take(self, event: _Event, deltas: list[Delta]) -> None:
        kind = require_text(event, "type")
        handler = self._HANDLERS.get(kind)
        if handler is None:
            return
        try:
            handler(self, event, deltas)
        except _BROKEN as error:
            msg = f"An event {kind} does not follow the protocol."
            raise MalformedResponse(msg) from error

    def end(self) -> None:
        """Check that the answer is complete.

        Raises:
            StreamTruncated: `message_stop` has not come, or no stop reason before it.
        """
        if not self.ended or self._reason is None:
            raise cut_stream()

    def _message(self, event: _Event, deltas: list[Delta]) -> None:
        message = event["message"]
        deltas.append(ResponseInfo(read_text(message, "id"), read_text(message, "model")))
        self._count(message.get("usage"), deltas)

    def _start(self, event: _Event, deltas: list[Delta]) -> None:
        index, block = require_index(event, "index"), event["content_block"]
        kind = require_text(block, "type")
        if kind == "text":
            deltas.append(TextDelta(index, read_text(block, "text") or ""))
        elif kind == "thinking":
            deltas.append(ThinkingDelta(index, read_text(block, "thinking") or ""))
            deltas.append(SignatureDelta(index, read_text(block, "signature") or ""))
        elif kind == "redacted_thinking":
            deltas.append(RedactedThinkingDelta(index, from_base64(require_text(block, "data"))))
        elif kind == "tool_use":
            self._begin_call(index, block, deltas)
        else:
            # What tools of the service do and find is kept beside the answer.
            self._asides[index] = dict(block)

    def _delta(self, event: _Event, deltas: list[Delta]) -> None:
        index, delta = require_index(event, "index"), event["delta"]
        kind = require_text(delta, "type")
        if index in self._asides:
            return
        if kind == "text_delta":
            deltas.append(TextDelta(index, require_text(delta, "text")))
        elif kind == "input_json_delta":
            self._add_arguments(index, require_text(delta, "partial_json"), deltas)
        elif kind == "thinking_delta":
            deltas.append(ThinkingDelta(index, require_text(delta, "thinking")))
        elif kind == "signature_delta":
            deltas.append(SignatureDelta(index, require_text(delta, "signature")))
        elif kind == "citations_delta":
            deltas.append(read_citation(index, delta["citation"]))

    def _stop(self, event: _Event, deltas: list[Delta]) -> None:
        index = require_index(event, "index")
        if index in self._asides:
            block = clean_json(self._asides.pop(index))
            deltas.append(Diagnostic("content_block", {"block": block}))
            return
        self._end_arguments(index, deltas)
        deltas.append(BlockEnd(index))

    def _begin_call(self, index: int, block: _Event, deltas: list[Delta]) -> None:
        open_call = self._arguments.get(index)
        if open_call is not None and open_call.is_complete:
            # Another call under an index that was not stopped.
            self._end_arguments(index, deltas)
            deltas.append(BlockEnd(index))
        call_id, name = require_text(block, "id"), require_text(block, "name")
        deltas.append(ToolCallStart(index, call_id, self._names.get(name, name)))
        self._arguments[index] = ToolArguments()
        if given := read_object(block, "input"):
            # Some gateways send the arguments at once, with the start, or there as well.
            self._add_arguments(index, json.dumps(given), deltas)

    def _add_arguments(self, index: int, piece: str, deltas: list[Delta]) -> None:
        arguments = self._arguments.get(index)
        fragment = piece if arguments is None else arguments.add(piece)
        if fragment:
            deltas.append(ArgumentsDelta(index, fragment))

    def _end_arguments(self, index: int, deltas: list[Delta]) -> None:
        arguments = self._arguments.pop(index, None)
        if arguments is not None and (rest := arguments.end()):
            deltas.append(ArgumentsDelta(index, rest))

    def _end(self, event: _Event, deltas: list[Delta]) -> None:
        delta = event.get("delta") or {}
        self._reason = read_text(delta, "stop_reason") or self._reason
        self._details = delta.get("stop_details") or self._details
        self._count(event.get("usage"), deltas)

    def _done(self, _event: _Event, deltas: list[Delta]) -> None:
        self.ended = True
        if self._reason is None:
            return  # `end` reports that the answer is cut
        reason = _REASONS.get(self._reason)
        if reason is None:
            deltas.append(Diagnostic("failed_stop", {"stopReason": self._reason}))
            raise self._failure()
        deltas.append(Stop(reason, self._reason))

    def _failure(self) -> ProviderError:
        if self._reason == "refusal":
            details = self._details if isinstance(self._details, Mapping) else {}
            words = [str(details[key]) for key in ("category", "explanation") if details.get(key)]
            what = f": {'; '.join(words)}" if words else "."
            return ContentFiltered(f"The model refused to answer (refusal){what}")
        return MalformedResponse(
            f"The answer ended with the stop reason {(self._reason or '')[:100]!r}, which is unknown.",
            retryable=False,
            hint="A newer version of modelwire-anthropic may know it.",
        )

    def _count(self, usage: Any, deltas: list[Delta]) -> None:
        """Take counters; those of `message_delta` are of the whole answer so far."""
        if not isinstance(usage, Mapping):
            return
        given = {key: value for key, value in usage.items() if value is not None}
        report = report_usage({**self._usage, **given}, _usage_of)
        if isinstance(report, UsageReport):
            self._usage |= given
        deltas.append(report)

    _HANDLERS: ClassVar[Mapping[str, Callable[[Any, _Event, list[Delta]], None]]] = {
        "content_block_delta": _delta,
        "content_block_start": _start,
        "content_block_stop": _stop,
        "message_start": _message,
        "message_delta": _end,
        "message_stop": _done,
    }


def _usage_of(counted: Mapping[str, Any]) -> Usage:
    """The four counters, which do not overlap on the wire either."""
    written = counted.get("cache_creation")
    return Usage(
        input=count_tokens(counted, "input_tokens") or 0,
        output=count_tokens(counted, "output_tokens") or 0,
        cache_read=count_tokens(counted, "cache_read_input_tokens") or 0,
        cache_write=count_tokens(counted, "cache_creation_input_tokens") or 0,
        cache_write_1h=count_tokens(written, "ephemeral_1h_input_tokens") or 0,
        reasoning=count_tokens(counted.get("output_tokens_details"), "thinking_tokens"),
    )
