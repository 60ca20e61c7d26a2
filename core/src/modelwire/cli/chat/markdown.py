"""Markdown as lines for a terminal, block by block.

Markdown that is still arriving is never whole. Its top-level blocks are: once a block is followed
by another, nothing that comes later changes it, so it is rendered and printed once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

__all__ = ["render_block", "split_blocks", "without_controls"]


def without_controls(text: str) -> str:
    """Take out what could steer a terminal: every control character but line feed and tab."""
    if text.isprintable():
        return text
    return "".join(c for c in text if c in "\n\t" or not _is_control(c))


def _is_control(character: str) -> bool:
    code = ord(character)
    return code < 0x20 or 0x7F <= code < 0xA0


def split_blocks(source: str) -> list[str]:
    """Split Markdown into its top-level blocks; together they are the source."""
    starts = [token.map[0] for token in _parser().parse(source) if token.level == 0 and token.map]
    if len(starts) < 2:
        return [source]
    lines = re.findall(r"[^\n]*\n|[^\n]+", source)  # str.splitlines knows more ends than Markdown
    edges = [0, *starts[1:], len(lines)]
    return ["".join(lines[a:b]) for a, b in pairwise(edges)]


def render_block(source: str, width: int, *, color: bool) -> list[str]:
    """Render one block as lines of at most `width` cells, without empty ones around it.

    Args:
        source: The Markdown, without control characters.
        width: Cells.
        color: Whether colours may be used; bold and the like are used in any case.
    """
    from rich.console import Console
    from rich.markdown import Markdown

    if not source.strip():
        return []
    block = Markdown("", code_theme="ansi_dark", hyperlinks=False)
    block.markup = source
    block.parsed = _parser().parse(source)
    console = Console(
        file=StringIO(),
        width=max(width, 10),
        force_terminal=True,
        color_system="standard" if color else None,
        no_color=not color,
        legacy_windows=False,
        highlight=False,
        emoji=False,
    )
    lines = [_ansi(console, line) for line in console.render_lines(block, pad=False)]
    while lines and not lines[0]:
        del lines[0]
    while lines and not lines[-1]:
        del lines[-1]
    return lines


def _ansi(console: object, segments: Sequence[object]) -> str:
    """Segments as text with escape sequences, without white space at the end."""
    from rich.console import Console
    from rich.segment import Segment

    assert isinstance(console, Console)  # noqa: S101 - only its type is imported late
    pieces = [piece for piece in segments if isinstance(piece, Segment) and piece.text]
    while pieces and not pieces[-1].text.strip():
        pieces.pop()
    if pieces:
        pieces[-1] = pieces[-1]._replace(text=pieces[-1].text.rstrip())
    system = console._color_system  # noqa: SLF001 - `Console.print` would wrap the line again
    return "".join(
        piece.style.render(piece.text, color_system=system) if piece.style else piece.text
        for piece in pieces
    )


@cache
def _parser() -> MarkdownIt:
    """A parser that hides nothing: what is no Markdown, as HTML, is shown as it was written."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt().enable("strikethrough").enable("table")
    return parser.disable(["html_block", "html_inline", "reference"])
