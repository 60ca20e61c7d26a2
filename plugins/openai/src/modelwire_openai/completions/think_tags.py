"""Think tags: thinking that a service leaves in the text, between `<think>` and `</think>`.

Only what stands at the beginning of an answer is thinking: a model may well speak of the tags
later. A tag may come in pieces.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

__all__ = ["ThinkTags"]

Kind = Literal["text", "thinking"]

_OPENING = ("<think>", "<thinking>")
_CLOSING = ("</think>", "</thinking>")


class ThinkTags:
    """Tells thinking from text while both arrive.

    Args:
        open: Whether the answer begins inside of the tag, which the template has written already.
    """

    def __init__(self, *, open: bool = False) -> None:  # noqa: A002 - what the tag is
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
                said, self._held = self._held, ""
                yield "text", said

    def end(self) -> Iterator[tuple[Kind, str]]:
        """Take the end of the answer; yield what was held back."""
        held, self._held = self._held, ""
        if held:
            yield "thinking" if self._state == "inside" else "text", held

    def _leave_before(self) -> bool:
        """Find out whether a tag opens; `False` where more of the answer is needed to know."""
        begun = self._held.lstrip()
        for tag in _OPENING:
            if begun.startswith(tag):
                self._held = begun.removeprefix(tag).removeprefix("\n")
                self._state = "inside"
                self._thought = True
                return True
        if any(tag.startswith(begun) for tag in _OPENING):
            return False
        if self._thought:
            self._held = begun  # the lines between thinking and text belong to neither
        self._state = "after"
        return True

    def _think(self) -> tuple[str, bool]:
        """The thinking that is certain, and whether it has ended."""
        found = [(self._held.find(tag), tag) for tag in _CLOSING if tag in self._held]
        if found:
            position, tag = min(found)
            thought, rest = self._held[:position], self._held[position + len(tag) :]
            self._held = rest
            self._state = "before"
            return thought, True
        keep = max(_overlap(self._held, tag) for tag in _CLOSING)
        cut = len(self._held) - keep
        thought, self._held = self._held[:cut], self._held[cut:]
        return thought, False


def _overlap(text: str, tag: str) -> int:
    """How many characters at the end of a text may be the beginning of a tag."""
    longest = min(len(text), len(tag) - 1)
    return next((size for size in range(longest, 0, -1) if tag.startswith(text[-size:])), 0)
