"""Markdown as lines for a terminal, block by block.

Markdown that is still arriving is never whole. Its blocks are: once one is followed by another,
nothing that comes later changes it, so it is rendered and printed once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING

from attrs import frozen

from modelwire.cli.styled import StyledText

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from rich.color import ColorSystem
    from rich.style import Style

__all__ = ["Block", "render_block", "split_blocks"]


@frozen
class Block:
    """A part of Markdown that is rendered by itself: a top-level block, or one item of a list.

    Attributes:
        source: Its Markdown.
        number: Of an item of a numbered list, its number, which what is written need not be.
        joined: Whether it is an item after another one of the same list, to be shown right below.
    """

    source: str
    number: int | None = None
    joined: bool = False


def split_blocks(source: str, *, number: int | None = None) -> list[Block]:
    """Split Markdown into blocks; together they are the source.

    Args:
        source: The Markdown.
        number: The number of the item that it begins with, where it is the rest of a list.
    """
    starts: list[tuple[int, int | None, bool]] = []
    counted: int | None = None
    for token in _parser().parse(source):
        if token.map is None:
            continue
        if token.level == 1 and token.type == "list_item_open":
            if starts[-1][0] != token.map[0]:
                counted = counted + 1 if counted is not None else None
                starts.append((token.map[0], counted, True))
        elif token.level == 0:
            counted = None
            if token.type == "ordered_list_open":
                first = number if not starts else None
                counted = int(token.attrGet("start") or 1) if first is None else first
            starts.append((token.map[0], counted, False))
    if not starts:
        return [Block(source)]
    lines = re.findall(r"[^\n]*\n|[^\n]+", source)  # str.splitlines knows more ends than Markdown
    edges = [0, *(start for start, _, _ in starts[1:]), len(lines)]
    return [
        Block("".join(lines[begin:end]), count, joined)
        for (begin, end), (_, count, joined) in zip(pairwise(edges), starts, strict=True)
    ]


def render_block(block: Block, width: int, *, color: bool) -> list[StyledText]:
    """Render one block as lines of at most `width` cells, without empty ones around it.

    Args:
        block: The block, without control characters.
        width: Cells.
        color: Whether colours may be used; bold and the like are used in any case.
    """
    from rich.console import Console
    from rich.markdown import Markdown

    if not block.source.strip():
        return []
    markdown = Markdown("", code_theme="ansi_dark", hyperlinks=False)
    markdown.parsed = _parser().parse(block.source)
    if block.number is not None and markdown.parsed[0].type == "ordered_list_open":
        markdown.parsed[0].attrSet("start", block.number)
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
    lines = [_styled(console, line) for line in console.render_lines(markdown, pad=False)]
    while lines and not lines[0].pieces:
        del lines[0]
    while lines and not lines[-1].pieces:
        del lines[-1]
    return lines


def _styled(console: object, segments: Sequence[object]) -> StyledText:
    """Segments as styled text, without white space at the end."""
    from rich.console import Console
    from rich.segment import Segment

    assert isinstance(console, Console)  # noqa: S101 - only its type is imported late
    pieces = [
        piece
        for piece in segments
        if isinstance(piece, Segment) and piece.text and not piece.control
    ]
    while pieces and not pieces[-1].text.strip():
        pieces.pop()
    if pieces:
        pieces[-1] = pieces[-1]._replace(text=pieces[-1].text.rstrip())
    system = console._color_system  # noqa: SLF001 - `Console.print` would wrap the line again
    return StyledText(tuple((piece.text, _codes(piece.style, system)) for piece in pieces))


def _codes(rich_style: Style | None, system: ColorSystem | None) -> tuple[str, ...]:
    """The parameters of the SGR sequence for a style of rich."""
    if not rich_style:
        return ()
    begin = rich_style.render("x", color_system=system).partition("x")[0]
    return tuple(re.findall(r"[0-9;]+", begin))


@cache
def _parser() -> MarkdownIt:
    """A parser that hides nothing: what is no Markdown, as HTML, is shown as it was written."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt().enable("strikethrough").enable("table")
    return parser.disable(["html_block", "html_inline", "reference"])
