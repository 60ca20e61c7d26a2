"""The entries of a list to choose from, and which of them have what was typed."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from modelwire.cli.text import printable

__all__ = ["ListEntry", "matching", "numbered"]


@frozen
class ListEntry:
    """An entry of a list to choose from.

    Attributes:
        text: The entry, such as a model's id.
        title: More about it, such as the model's name; it is searched, too.
    """

    text: str
    title: str = ""

    @property
    def line(self) -> str:
        """The entry on one line, safe for a terminal."""
        return printable(f"{self.text}  {self.title}" if self.title else self.text)


def matching(entries: Sequence[ListEntry], typed: str) -> list[int]:
    """The positions of the entries that have every word of a text, in any order and case.

    An entry that is just that text comes first.
    """
    text = typed.strip()
    words = text.casefold().split()
    found = [
        at
        for at, entry in enumerate(entries)
        if all(word in f"{entry.text} {entry.title}".casefold() for word in words)
    ]
    same = [at for at in found if entries[at].text == text]
    alike = [at for at in found if entries[at].text.casefold() == text.casefold()]
    return list(dict.fromkeys([*same, *alike, *found]))


def numbered(typed: str, count: int) -> int | None:
    """The position that a text means as a number from 1 to a count; `None` where it is none."""
    text = typed.strip()
    if text.isdecimal() and len(text) <= len(str(count)) and 0 < int(text) <= count:
        return int(text) - 1
    return None
