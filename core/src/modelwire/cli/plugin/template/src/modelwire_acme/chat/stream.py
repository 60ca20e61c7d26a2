"""The translation of events into deltas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from attrs import define, field
from modelwire.authoring import (
    BodyEvent,
    JsonEvent,
    count_tokens,
    cut_stream,
    read_text,
    report_usage,
    require_index,
    require_text,
)
from modelwire.events import (
    ArgumentsDelta,
    BlockEnd,
    Delta,
    ResponseInfo,
    Stop,
    TextDelta,
    ToolCallStart,
)
from modelwire.messages import StopReason, Usage

__all__ = ["Translator"]

_REASONS = {
    "stop": StopReason.STOP,
    "length": StopReason.LENGTH,
    "tool_use": StopReason.TOOL_USE,
}


@define
class Translator:
    """Translates the events of one answer.

    Attributes:
        ended: Whether the answer is complete; later events are ignored.
    """

    ended: bool = field(default=False, init=False)

    def feed(self, events: Iterable[BodyEvent], deltas: list[Delta]) -> None:
        """Translate events; append what they say to `deltas`.

        Raises:
            MalformedResponse: A value in an event has a wrong type. What the events before it say
                has been appended.
        """
        for event in events:
            if isinstance(event, JsonEvent) and not self.ended:
                self._take(event.data, deltas)

    def end(self) -> None:
        """Check that the answer is complete.

        Raises:
            StreamTruncated: It has no end.
        """
        if not self.ended:
            raise cut_stream()

    def _take(self, data: dict[str, Any], deltas: list[Delta]) -> None:
        match data.get("type"):
            case "start":
                deltas.append(ResponseInfo(response_id=read_text(data, "id")))
            case "text":
                index, text = require_index(data, "index"), require_text(data, "text")
                deltas.append(TextDelta(index, text))
            case "tool_call":
                index, id_ = require_index(data, "index"), require_text(data, "id")
                name = require_text(data, "name")
                deltas.append(ToolCallStart(index, id_, name))
            case "arguments":
                index, fragment = require_index(data, "index"), require_text(data, "text")
                deltas.append(ArgumentsDelta(index, fragment))
            case "block_end":
                deltas.append(BlockEnd(require_index(data, "index")))
            case "end":
                reason, usage = require_text(data, "reason"), data.get("usage")
                self.ended = True
                deltas.append(report_usage(usage, _usage_of))
                deltas.append(Stop(_REASONS.get(reason, StopReason.STOP), raw=reason))
            case _:
                pass  # an event of tomorrow; what is not known is not needed


def _usage_of(usage: Mapping[str, Any]) -> Usage:
    return Usage(count_tokens(usage, "input") or 0, count_tokens(usage, "output") or 0)
