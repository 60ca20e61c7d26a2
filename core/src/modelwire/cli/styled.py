"""Styled text: text for the terminal, and the colours that it is shown in.

The text and the codes of its style are kept apart until they are printed. So everything in a text can
be escaped, and nothing that comes from outside can pass for a style.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from attrs import frozen

__all__ = ["Line", "StyledText", "joined", "style"]

# Parameters of `SGR` (ECMA-48 section 8.3.117).
_BOLD, _DIM = "1", "2"
_COLOURS = {"red": "31", "green": "32", "yellow": "33", "cyan": "36"}


Piece: TypeAlias = tuple[str, tuple[str, ...]]


@frozen
class StyledText:
    """A text in pieces, each in a style of its own.

    As a `str` it is the text without its styles: in an f-string only the styles are lost.

    Attributes:
        pieces: Each piece's text, as it came, and the parameters of its SGR sequences, e.g. `31`.
    """

    pieces: tuple[Piece, ...] = ()

    def __str__(self) -> str:
        return "".join(text for text, _ in self.pieces)

    def __add__(self, other: Line) -> StyledText:
        return StyledText(self.pieces + _pieces(other))

    def __radd__(self, other: str) -> StyledText:
        return StyledText(_pieces(other) + self.pieces)

    def changed(self, change: Callable[[str], str]) -> StyledText:
        """The same styles with another text in each piece."""
        return StyledText(tuple((change(text), codes) for text, codes in self.pieces))

    def part(self, begin: int, end: int) -> StyledText:
        """The characters from `begin` up to `end`, in their styles."""
        pieces = []
        for text, codes in self.pieces:
            kept = text[max(begin, 0) : max(end, 0)]
            begin, end = begin - len(text), end - len(text)
            if kept:
                pieces.append((kept, codes))
        return StyledText(tuple(pieces))

    def lines(self) -> Iterator[StyledText]:
        """The parts between line feeds."""
        begin = 0
        for line in str(self).split("\n"):
            yield self.part(begin, begin + len(line))
            begin += len(line) + 1


Line: TypeAlias = str | StyledText
"""A text to print, with or without styles."""


def style(text: str, fg: str | None = None, *, bold: bool = False, dim: bool = False) -> StyledText:
    """A text in one style.

    Args:
        text: The text.
        fg: `red`, `green`, `yellow`, `cyan` or `None`.
        bold: Whether it is bold.
        dim: Whether it is dim.
    """
    codes = (_COLOURS.get(fg or ""), _BOLD if bold else None, _DIM if dim else None)
    return StyledText(((text, tuple(code for code in codes if code is not None)),))


def joined(separator: str, lines: Iterable[Line]) -> StyledText:
    """Lines with a separator between each two."""
    pieces: list[Piece] = []
    for number, line in enumerate(lines):
        if number and separator:
            pieces.append((separator, ()))
        pieces += _pieces(line)
    return StyledText(tuple(pieces))


def _pieces(line: Line) -> tuple[Piece, ...]:
    return line.pieces if isinstance(line, StyledText) else ((line, ()),)
