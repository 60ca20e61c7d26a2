"""Texts that match the regular expressions of JSON schemas."""

from __future__ import annotations

import string
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["matching_text"]

_PRINTABLE = (
    string.ascii_lowercase + string.digits + string.ascii_uppercase + " " + string.punctuation
)
_WORD = string.ascii_lowercase + string.digits + string.ascii_uppercase + "_"
_KINDS = {"d": string.digits, "s": " \t", "w": _WORD}
_CONTROL = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
_LARGEST = 1000
"""The most repetitions of one part."""

_LONGEST = 100_000
"""The most characters; longer texts are not made."""


class _UnsupportedPattern(Exception):
    """Something of a pattern that is not understood, or too long a text."""


class _Repetition(NamedTuple):
    what: _Alternatives
    least: int
    most: int


_Alternatives = str | list[list[_Repetition]]
"""One of the characters of a string, or one of several sequences."""


def matching_text(pattern: str, least: int = 0, nth: int = 0) -> str | None:
    """The shortest text that a pattern matches, or `None` where it has more than is understood.

    Understood are characters and their classes, groups, alternatives, repetitions, and the anchors
    at both ends; not assertions, references back and properties of Unicode.

    Args:
        pattern: A regular expression of ECMA-262.
        least: How long the text should be, if the pattern allows it.
        nth: Which one of several texts: the first character that may vary differs.
    """
    try:
        reader = _Reader(pattern)
        choices = reader.choices()
        if reader.left:
            return None
        shortest = _Writer(0, nth).one_of(choices)
        if len(shortest) >= least:
            return shortest
        return _Writer(least - len(shortest), nth).one_of(choices)
    except (_UnsupportedPattern, RecursionError):
        return None


class _Reader:
    """Reads a pattern from its left to its right."""

    def __init__(self, pattern: str) -> None:
        self.left = pattern

    def choices(self) -> list[list[_Repetition]]:
        """Alternatives, up to the end or to the bracket that closes the group."""
        sequences = [list(self._sequence())]
        while self.left.startswith("|"):
            self._take()
            sequences.append(list(self._sequence()))
        return sequences

    def _sequence(self) -> Iterator[_Repetition]:
        while self.left and self.left[0] not in "|)":
            if self.left[0] in "^$":
                self._take()
            else:
                what = self._one()
                least, most = self._repetitions()
                yield _Repetition(what, least, most)

    def _take(self, count: int = 1) -> str:
        if len(self.left) < count:
            raise _UnsupportedPattern
        taken, self.left = self.left[:count], self.left[count:]
        return taken

    def _one(self) -> _Alternatives:
        first = self._take()
        if first == "(":
            return self._group()
        if first == "[":
            return self._class()
        if first == "\\":
            return self._escape()
        if first in "*+?{}":
            raise _UnsupportedPattern
        return _PRINTABLE if first == "." else first

    def _group(self) -> _Alternatives:
        if self.left.startswith("?"):
            self._take()
            if self.left.startswith("<") and not self.left.startswith(("<=", "<!")):
                self.left = self.left.partition(">")[2]
            elif self._take() != ":":
                raise _UnsupportedPattern
        found = self.choices()
        if self._take() != ")":
            raise _UnsupportedPattern
        return found

    def _escape(self) -> str:
        letter = self._take()
        if letter.lower() in _KINDS:
            kind = _KINDS[letter.lower()]
            return kind if letter in _KINDS else _without(kind)
        if letter in "xu":
            digits = self._take(2 if letter == "x" else 4)
            if not set(digits) <= set(string.hexdigits):
                raise _UnsupportedPattern
            return chr(int(digits, 16))
        if letter in _CONTROL:
            return _CONTROL[letter]
        if letter.isalnum():
            raise _UnsupportedPattern
        return letter

    def _class(self) -> str:
        inverted = self.left.startswith("^")
        if inverted:
            self._take()
        allowed = ""
        while not self.left.startswith("]"):
            low = self._member()
            if self.left.startswith("-") and not self.left.startswith("-]"):
                self._take()
                high = self._member()
                if len(low) != 1 or len(high) != 1:
                    raise _UnsupportedPattern
                allowed += "".join(map(chr, range(ord(low), min(ord(high), ord(low) + 127) + 1)))
            else:
                allowed += low
        self._take()
        allowed = _without(allowed) if inverted else allowed
        if not allowed:
            raise _UnsupportedPattern
        return allowed

    def _member(self) -> str:
        letter = self._take()
        return self._escape() if letter == "\\" else letter

    def _repetitions(self) -> tuple[int, int]:
        least, most = 1, 1
        if self.left[:1] in ("*", "+", "?"):
            least, most = {"*": (0, _LARGEST), "+": (1, _LARGEST), "?": (0, 1)}[self._take()]
        elif self.left.startswith("{"):
            inside, _, self.left = self.left[1:].partition("}")
            low, comma, high = inside.partition(",")
            if not low.isdecimal() or (high and not high.isdecimal()):
                raise _UnsupportedPattern
            least = int(low)
            most = int(high) if high else (_LARGEST if comma else least)
            if not least <= _LARGEST:
                raise _UnsupportedPattern
        else:
            return least, most
        if self.left.startswith("?"):  # a lazy one matches the same
            self._take()
        return least, most


class _Writer:
    """Writes a text, with some more repetitions than there have to be."""

    def __init__(self, more: int, nth: int) -> None:
        self._more = more
        self._nth = nth
        self._left = _LONGEST

    def one_of(self, choices: list[list[_Repetition]]) -> str:
        """A text for one of several sequences."""
        return "".join(self._written(one) for one in choices[0])

    def _written(self, one: _Repetition) -> str:
        added = min(one.most - one.least, self._more)
        self._more -= added
        return "".join(self._once(one.what) for _ in range(one.least + added))

    def _once(self, what: _Alternatives) -> str:
        if not isinstance(what, str):
            return self.one_of(what)
        self._left -= 1
        if self._left < 0:
            raise _UnsupportedPattern
        self._nth, at = divmod(self._nth, len(what))
        return what[at]


def _without(kind: str) -> str:
    return "".join(letter for letter in _PRINTABLE if letter not in kind)
