"""Think tags: thinking that a service leaves in the text, as between `<think>` and `</think>`.

Known are the tags of Qwen, DeepSeek and MiniMax (`think`), of Amazon's Nova (`thinking`), of gpt-oss
on Amazon Bedrock (`reasoning`) and of Gemini behind Google's OpenAI endpoint (`thought`). Only what
is at the beginning of an answer is thinking: a model may well speak of the tags later. A tag may
come in pieces.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

__all__ = ["ThinkTags", "closing_tag"]

Kind = Literal["text", "thinking"]

_EITHER = ("</think>", "</thinking>")
_CLOSING: Mapping[str, tuple[str, ...]] = {
    "<think>": _EITHER,
    "<thinking>": _EITHER,
    "<reasoning>": ("</reasoning>",),
    "<thought>": ("</thought>",),
}
"""The tags that close each opening one; models that think in the first two mix them up."""


def closing_tag(opening: str | None) -> str | None:
    """The tag that closes an opening one, white space around it aside; `None` for another text."""
    tag = (opening or "").strip()
    return f"</{tag[1:]}" if tag in _CLOSING else None


class ThinkTags:
    """Separates thinking from text while both arrive.

    Args:
        open: Whether the answer begins inside of `<think>`, which the template has written already.

    Attributes:
        opening: The tag that the last thinking began with, and the line break after it.
    """

    def __init__(self, *, open: bool = False) -> None:  # noqa: A002 - what the tag is
        self.opening = "<think>"
        self._state: Literal["before", "inside", "after"] = "inside" if open else "before"
        self._held = ""
        self._thought = open

    def feed(self, text: str) -> Iterator[tuple[Kind, str]]:
        """Take more of the answer; yield what is certain."""
        self._held += text
        while self._held:
            if self._state == "before" and not self._leave_before():
                return
            if self._state == "inside":
                thought, ended = self._think()
                if thought:
                    yield "thinking", thought
                if not ended:
                    return
            elif self._held:
                text, self._held = self._held, ""
                yield "text", text

    def end(self) -> Iterator[tuple[Kind, str]]:
        """Take the end of the answer; yield what was held back."""
        held, self._held = self._held, ""
        if held:
            yield "thinking" if self._state == "inside" else "text", held

    def _leave_before(self) -> bool:
        """Find out whether a tag opens; `False` where more of the answer is needed to know."""
        begun = self._held.lstrip()
        for tag in _CLOSING:
            if begun.startswith(tag):
                rest = begun.removeprefix(tag)
                self._held = rest.removeprefix("\n")
                self.opening = tag + rest[: len(rest) - len(self._held)]
                self._state = "inside"
                self._thought = True
                return True
        if any(tag.startswith(begun) for tag in _CLOSING):
            return False
        if self._thought:
            self._held = begun  # the lines between thinking and text belong to neither
        self._state = "after"
        return True

    def _think(self) -> tuple[str, bool]:
        """The thinking that is certain, and whether it has ended."""
        closing = _CLOSING[self.opening.rstrip()]
        found = [(self._held.find(tag), tag) for tag in closing if tag in self._held]
        if found:
            position, tag = min(found)
            thought, rest = self._held[:position], self._held[position + len(tag) :]
            self._held = rest
            self._state = "before"
            return thought, True
        keep = max(_overlap(self._held, tag) for tag in closing)
        cut = len(self._held) - keep
        thought, self._held = self._held[:cut], self._held[cut:]
        return thought, False


def _overlap(text: str, tag: str) -> int:
    """How many characters at the end of a text may be the beginning of a tag."""
    longest = min(len(text), len(tag) - 1)
    return next((size for size in range(longest, 0, -1) if tag.startswith(text[-size:])), 0)
