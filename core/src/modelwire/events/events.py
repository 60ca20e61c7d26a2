"""Events: the items of a stream for its caller, as attrs classes with pi-ai's names.

`content_index` is the position of the block in the message's `content`. In Python a failure is
raised, with the partial message as `error.partial`; `ErrorEvent` exists for the JSON form, in which
a stream of events has to end with a line that states the outcome.
"""

from __future__ import annotations

from attrs import define

from modelwire.messages import AssistantMessage, Citation, StopReason, ToolCall

__all__ = [
    "CitationEvent",
    "DoneEvent",
    "ErrorEvent",
    "Event",
    "StartEvent",
    "TextDeltaEvent",
    "TextEndEvent",
    "TextStartEvent",
    "ThinkingDeltaEvent",
    "ThinkingEndEvent",
    "ThinkingStartEvent",
    "ToolCallDeltaEvent",
    "ToolCallEndEvent",
    "ToolCallStartEvent",
]


@define
class StartEvent:
    """The answer has begun."""

    provider: str
    model: str


@define
class TextStartEvent:
    """A text block has begun."""

    content_index: int


@define
class TextDeltaEvent:
    """More text."""

    content_index: int
    delta: str


@define
class CitationEvent:
    """A source supports the text block."""

    content_index: int
    citation: Citation


@define
class TextEndEvent:
    """A text block is complete; `content` is all of it."""

    content_index: int
    content: str


@define
class ThinkingStartEvent:
    """A thinking block has begun."""

    content_index: int


@define
class ThinkingDeltaEvent:
    """More thinking."""

    content_index: int
    delta: str


@define
class ThinkingEndEvent:
    """A thinking block is complete.

    Attributes:
        content_index: The block.
        content: All of it that may be shown.
        signature: Opaque data of the provider, to be sent back unchanged, or `None`. For redacted
            thinking it is the provider's opaque bytes in base64.
        redacted: Whether the provider hides the thoughts.
    """

    content_index: int
    content: str
    signature: str | None = None
    redacted: bool = False


@define
class ToolCallStartEvent:
    """A tool call has begun; its arguments are not known yet."""

    content_index: int
    id: str
    name: str


@define
class ToolCallDeltaEvent:
    """More of the JSON text of a tool call's arguments."""

    content_index: int
    delta: str


@define
class ToolCallEndEvent:
    """A tool call is complete and valid, as are all others of the message."""

    content_index: int
    tool_call: ToolCall


@define
class DoneEvent:
    """The answer is complete. Always the last event of a stream that did not fail."""

    reason: StopReason
    message: AssistantMessage


@define
class ErrorEvent:
    """The answer failed; only in the JSON form. `error` is the partial message, with the reason."""

    reason: StopReason
    error: AssistantMessage


Event = (
    StartEvent
    | TextStartEvent
    | TextDeltaEvent
    | CitationEvent
    | TextEndEvent
    | ThinkingStartEvent
    | ThinkingDeltaEvent
    | ThinkingEndEvent
    | ToolCallStartEvent
    | ToolCallDeltaEvent
    | ToolCallEndEvent
    | DoneEvent
)
