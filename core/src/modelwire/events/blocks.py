"""The blocks of an answer while they are received."""

from __future__ import annotations

from collections.abc import MutableSequence

from attrs import define, field

from modelwire.messages import Citation, Text, Thinking, ToolCall
from modelwire.text import REPLACEMENT, has_surrogates, split_half

__all__ = ["OpenBlock"]


@define(eq=False)
class OpenBlock:
    """A block while it is being received: a text, thinking or a tool call."""

    kind: type[Text | Thinking | ToolCall]
    position: int
    parts: MutableSequence[str] = field(factory=list)
    signature: list[str] = field(factory=list)
    redacted: list[bytes] = field(factory=list)
    citations: list[Citation] = field(factory=list)
    half: str = ""
    id: str = ""
    name: str = ""
    ended: bool = False

    @property
    def text(self) -> str:
        """The fragments received so far of the text, the thinking or the arguments."""
        if self.ended and len(self.parts) > 1:
            # It is read more than once, and may be large.
            self.parts = ["".join(self.parts)]
        return "".join(self.parts) + (REPLACEMENT if self.half else "")

    @property
    def holds_any(self) -> bool:
        """Whether anything has arrived for it, including text that is not kept."""
        kept = isinstance(self.parts, list)
        return not kept or any(
            (*self.parts, *self.signature, *self.redacted, *self.citations, self.half)
        )

    def take(self, text: str) -> str:
        """Add a piece and return it; a surrogate at its end waits for its pair.

        JSON escapes a character above U+FFFF as a surrogate pair, whose halves some services send
        separately.
        """
        if self.half or has_surrogates(text):
            text, self.half = split_half(self.half + text)
        if text:
            self.parts.append(text)
        return text

    def last(self) -> str:
        """The replacement character for a pending half of a surrogate pair; empty if there is none."""
        if not self.half:
            return ""
        self.half = ""
        self.parts.append(REPLACEMENT)
        return REPLACEMENT

    def content(self) -> Text | Thinking:
        """The finished block; tool calls are finished by `_parse_arguments`."""
        if self.redacted:
            return Thinking.from_redacted(b"".join(self.redacted))
        signature = "".join(self.signature) or None
        if self.kind is Text:
            return Text(self.text, signature, self.citations)
        return Thinking(self.text, signature)
