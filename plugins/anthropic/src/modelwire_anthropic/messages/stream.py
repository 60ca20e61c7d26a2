"""Stream events of the Messages API, translated into deltas.

https://docs.anthropic.com/en/docs/build-with-claude/streaming has the events and their order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

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
from modelwire_anthropic.messages.assistant import from_base64

__all__ = ["Translator"]

_REASONS: Mapping[str, StopReason] = {
    "end_turn": StopReason.STOP,
    "stop_sequence": StopReason.STOP,
    # A tool that the service runs itself has taken long; the conversation may go on from here.
    "pause_turn": StopReason.STOP,
    "max_tokens": StopReason.LENGTH,
    "model_context_window_exceeded": StopReason.LENGTH,
    "tool_use": StopReason.TOOL_USE,
}

_Event = Mapping[str, Any]


class Translator:
    """Translates one answer.

    Args:
        names: Names of tools on the wire that differ from the tools' own, and those.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._usage: dict[str, Any] = {}
        self._inputs: dict[int, Any] = {}
        self._asides: dict[int, dict[str, Any]] = {}
        self._reason: str | None = None
        self._details: Any = None
        self._handlers: Mapping[str, Callable[[_Event, list[Delta]], None]] = {
            "content_block_delta": self._delta,
            "content_block_start": self._start,
            "content_block_stop": self._stop,
            "message_start": self._message,
            "message_delta": self._end,
            "message_stop": self._done,
        }

    def feed(self, event: _Event, deltas: list[Delta]) -> None:
        """Take an event; append what it says. Kinds of events that are not known say nothing.

        Raises:
            ContentFiltered: The model refused; what came before has been appended.
            MalformedResponse: The event does not follow the protocol.
        """
        handler = self._handlers.get(str(event.get("type")))
        if handler is None:
            return
        try:
            handler(event, deltas)
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            msg = f"An event {event.get('type')} does not follow the protocol."
            raise MalformedResponse(msg) from error

    def _message(self, event: _Event, deltas: list[Delta]) -> None:
        message = event["message"]
        deltas.append(ResponseInfo(message.get("id"), message.get("model")))
        self._count(message.get("usage"), deltas)

    def _start(self, event: _Event, deltas: list[Delta]) -> None:
        index, block = int(event["index"]), event["content_block"]
        kind = block["type"]
        if kind == "text":
            if block.get("text"):
                deltas.append(TextDelta(index, block["text"]))
        elif kind == "thinking":
            deltas.append(ThinkingDelta(index, block.get("thinking") or ""))
            if block.get("signature"):
                deltas.append(SignatureDelta(index, block["signature"]))
        elif kind == "redacted_thinking":
            deltas.append(RedactedThinkingDelta(index, from_base64(block["data"])))
        elif kind == "tool_use":
            name = block["name"]
            deltas.append(ToolCallStart(index, block["id"], self._names.get(name, name)))
            self._inputs[index] = block.get("input")
        else:
            # What tools of the service do and find is kept beside the answer.
            self._asides[index] = dict(block)

    def _delta(self, event: _Event, deltas: list[Delta]) -> None:
        index, delta = event["index"], event["delta"]
        kind = delta["type"]
        if index in self._asides:
            return
        if kind == "text_delta":
            deltas.append(TextDelta(index, delta["text"]))
        elif kind == "input_json_delta":
            self._inputs.pop(index, None)
            deltas.append(ArgumentsDelta(index, delta["partial_json"]))
        elif kind == "thinking_delta":
            deltas.append(ThinkingDelta(index, delta["thinking"]))
        elif kind == "signature_delta":
            deltas.append(SignatureDelta(index, delta["signature"]))
        elif kind == "citations_delta":
            deltas.append(Diagnostic("citation", {"index": index, "citation": delta["citation"]}))

    def _stop(self, event: _Event, deltas: list[Delta]) -> None:
        index = event["index"]
        if index in self._asides:
            deltas.append(Diagnostic("content_block", {"block": self._asides.pop(index)}))
            return
        whole = self._inputs.pop(index, None)
        if whole:
            # Some gateways send the arguments at once, with the start.
            deltas.append(ArgumentsDelta(index, json.dumps(whole)))
        deltas.append(BlockEnd(index))

    def _end(self, event: _Event, deltas: list[Delta]) -> None:
        delta = event.get("delta") or {}
        self._reason = delta.get("stop_reason") or self._reason
        self._details = delta.get("stop_details") or self._details
        self._count(event.get("usage"), deltas)

    def _done(self, _event: _Event, deltas: list[Delta]) -> None:
        if self._reason is None:
            return  # the assembler says that a stream without a reason to stop is cut
        reason = _REASONS.get(self._reason)
        if reason is None:
            deltas.append(Diagnostic("failed_stop", {"stopReason": self._reason}))
            raise self._failure()
        deltas.append(Stop(reason, self._reason))

    def _failure(self) -> ProviderError:
        if self._reason == "refusal":
            said = self._details if isinstance(self._details, Mapping) else {}
            words = [str(said[key]) for key in ("category", "explanation") if said.get(key)]
            what = f": {'; '.join(words)}" if words else "."
            return ContentFiltered(f"The model refused to answer (refusal){what}")
        return MalformedResponse(
            f"The answer ended with the stop reason {str(self._reason)[:100]!r}, which is not known.",
            retryable=False,
            hint="A newer version of modelwire-anthropic may know it.",
        )

    def _count(self, usage: Any, deltas: list[Delta]) -> None:
        """Take counters; those of `message_delta` are of the whole answer so far."""
        if not isinstance(usage, Mapping):
            return
        self._usage.update({key: value for key, value in usage.items() if value is not None})
        deltas.append(UsageReport(_usage_of(self._usage)))


def _usage_of(counted: Mapping[str, Any]) -> Usage:
    """The four counters, which do not overlap on the wire either."""
    written = counted.get("cache_creation")
    hour = written.get("ephemeral_1h_input_tokens") if isinstance(written, Mapping) else None
    details = counted.get("output_tokens_details")
    thought = details.get("thinking_tokens") if isinstance(details, Mapping) else None
    return Usage(
        input=_number(counted.get("input_tokens")),
        output=_number(counted.get("output_tokens")),
        cache_read=_number(counted.get("cache_read_input_tokens")),
        cache_write=_number(counted.get("cache_creation_input_tokens")),
        cache_write_1h=_number(hour),
        reasoning=_number(thought) if thought is not None else None,
    )


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return max(0, int(value))
