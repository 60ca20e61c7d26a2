"""Parts of an item's text, matched by what has arrived of them and not by their numbers alone.

A part comes in deltas, at its own end and in the item that it belongs to. Services number the parts
of these differently (seen of gpt-oss at vLLM: deltas of the content 1 of an item with one part), so
that a part is known by its text: what was received is the beginning of what it is. Only the length
and a checksum of a text are kept.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from copy import copy

from attrs import define, field

__all__ = ["PartKey", "Parts"]

PartKey = tuple[str, int]
"""A part's kind, such as `text` or `summary`, and its number among those of its kind."""


@define(eq=False)
class _ReceivedText:
    """The received part of a text: its length in characters and its checksum."""

    length: int = 0
    _checksum: int = 0

    def add(self, text: str) -> None:
        self.length += len(text)
        self._checksum = zlib.crc32(text.encode("utf-8", "surrogatepass"), self._checksum)

    def begins(self, whole: str) -> bool:
        """Whether a text begins with what was received."""
        if self.length > len(whole):
            return False
        return zlib.crc32(_encoded(whole[: self.length])) == self._checksum


@define
class Parts:
    """The received content of one item's parts.

    Attributes:
        ended: The parts whose own end has come; what follows it is late.
    """

    ended: set[PartKey] = field(factory=set, init=False)
    _received: dict[PartKey, _ReceivedText] = field(factory=dict, init=False)
    # Kept where there is more than one part of a kind, since texts come in many small pieces.
    _of_kind: dict[str, _ReceivedText] = field(factory=dict, init=False)

    def __bool__(self) -> bool:
        """Whether anything has been received."""
        return bool(self._received)

    def add(self, key: PartKey, text: str) -> None:
        """Take more of a part."""
        received = self._received.get(key)
        if received is None:
            others = self._keys(key[0])
            if len(others) == 1:
                self._of_kind[key[0]] = copy(self._received[others[0]])
            received = self._received[key] = _ReceivedText()
        received.add(text)
        if key[0] in self._of_kind:
            self._of_kind[key[0]].add(text)

    def end(self, key: PartKey, whole: str) -> tuple[PartKey, str]:
        """End a part; return its key among those received, and what is missing of it."""
        if key not in self._received:
            open_ones = (known for known in self._keys(key[0]) if known not in self.ended)
            key = next((known for known in open_ones if self._received[known].begins(whole)), key)
        self.ended.add(key)
        return key, self._missing(key, whole)

    def complete(self, kind: str, wholes: Sequence[str]) -> list[tuple[PartKey, str]]:
        """The missing rest of the parts of a kind, given their texts in order.

        Nothing is missing where the texts are not those that were received.
        """
        matches = self._match(kind, wholes)
        if len(matches) == len(self._keys(kind)):
            keys = [matches.get(n) or self._new_key(kind, n) for n in range(len(wholes))]
            return [
                (key, self._missing(key, whole)) for key, whole in zip(keys, wholes, strict=True)
            ]
        # The parts were cut differently; together they may be the same.
        joined, last = "".join(wholes), self._keys(kind)[-1]
        received = self._of_kind.get(kind) or self._received[last]
        return [(last, joined[received.length :])] if received.begins(joined) else []

    def _match(self, kind: str, wholes: Sequence[str]) -> dict[int, PartKey]:
        """The keys of the parts that were received, by their numbers at the end."""
        left = self._keys(kind)
        matches: dict[int, PartKey] = {}
        for number, whole in enumerate(wholes):
            key = (kind, number)
            if key in left and self._received[key].begins(whole):
                matches[number] = key
                left.remove(key)
        for number, whole in enumerate(wholes):
            if number not in matches:
                found = next((known for known in left if self._received[known].begins(whole)), None)
                if found is not None:
                    matches[number] = found
                    left.remove(found)
        return matches

    def _missing(self, key: PartKey, whole: str) -> str:
        received = self._received.get(key)
        if received is None:
            return whole
        return whole[received.length :] if received.begins(whole) else ""

    def _new_key(self, kind: str, number: int) -> PartKey:
        key = (kind, number)
        return key if key not in self._received else (kind, -1 - number)

    def _keys(self, kind: str) -> list[PartKey]:
        return [key for key in self._received if key[0] == kind]


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
