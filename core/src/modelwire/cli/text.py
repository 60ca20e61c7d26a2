"""Text for a terminal: made safe, measured in cells, and aligned in columns."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import TextIO

from modelwire.cli.styled import Line, StyledText, joined

__all__ = [
    "align",
    "aligned_rows",
    "counted",
    "escaped_json",
    "first_room",
    "folded",
    "json_text",
    "printable",
    "printable_lines",
    "printable_prose",
    "room",
    "width",
    "wrapped",
]

_JOINERS = "\u200c\u200d"  # they make one sign of several, as in families of emoji
_MARKS = "\u061c\u200e\u200f"  # they only say which way a neighbour without a direction runs
_NARROWEST = 16


def counted(number: int, what: str) -> str:
    """A number with its noun in the singular, made plural unless it is one: `1 row`, `1,200 rows`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def printable(text: str) -> str:
    """Write control characters and the like as escapes, so that a name cannot steer a terminal.

    Signs that are shown stay, as do spaces of every kind and what this Python does not know yet.
    """
    if text.isprintable():
        return text
    return "".join(_escape(char) if _steers(char) else char for char in text)


def printable_lines(text: str) -> str:
    """The same for text of several lines: line feeds and tabs stay, carriage returns go."""
    return _escaped(text, "\n\t")


def printable_prose(text: str) -> str:
    """The same for what a model says, in whose languages marks of direction may be needed."""
    return _escaped(text, f"\n\t{_MARKS}")


def _escaped(text: str, kept: str) -> str:
    if text.isprintable():
        return text
    return "".join(
        char if char in kept or not _steers(char) else _escape(char)
        for char in text.replace("\r", "")
    )


def escaped_json(text: str) -> str:
    """JSON text in which nothing but its line feeds could steer a terminal; it means the same."""
    if text.isprintable():
        return text
    import json

    def escaped(char: str) -> str:
        return json.dumps(char)[1:-1].replace("\x7f", "\\u007f")

    return "\n".join(
        line
        if line.isprintable()
        else "".join(escaped(char) if _steers(char) else char for char in line)
        for line in text.split("\n")
    )


def width(text: str) -> int:
    """The width of a text in terminal cells; East Asian characters and emoji take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def room() -> int | None:
    """The width of standard output in cells; `None` where it is not a terminal."""
    if sys.stdout is None or not sys.stdout.isatty():
        return None
    return shutil.get_terminal_size().columns


def wrapped(text: Line, stream: TextIO | None) -> Line:
    """The text with its lines broken between words where a terminal is too narrow for them.

    What has no space, as a path or a command's option, stays whole. A line that begins with space
    continues below its first word.

    Args:
        text: The text, with or without line feeds and styles.
        stream: Where it is written to; where that is no terminal, the text stays as it is.
    """
    if stream is None or not stream.isatty():
        return text
    cells = _columns_of(stream)
    lines = joined("", [text]).changed(printable_lines).lines()
    return joined("\n", [_wrapped(line, cells) for line in lines])


def _columns_of(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or shutil.get_terminal_size().columns
    except (OSError, ValueError):
        return shutil.get_terminal_size().columns


def _wrapped(line: StyledText, cells: int) -> StyledText:
    text = str(line)
    if width(text) <= cells:
        return line
    indent = text[: len(text) - len(text.lstrip())]
    rows: list[list[StyledText]] = [[]]
    used = len(indent)
    for found in re.finditer(r"\S+", text):
        taken = width(found[0])
        if rows[-1] and used + 1 + taken > cells:
            rows.append([])
            used = len(indent)
        used += taken + bool(rows[-1])
        rows[-1].append(line.part(*found.span()))
    return joined("\n", [indent + joined(" ", row) for row in rows])


def folded(text: str, *, indent: int = 0, before: int = 0) -> list[str]:
    """The text, made printable, in lines that a terminal has room for; one line where it is none.

    Args:
        text: The text.
        indent: Cells before every line but the first.
        before: Cells before the first line, which the caller writes.
    """
    text = printable(text)
    cells = room()
    if cells is None or before + width(text) <= cells:
        return [text]
    import textwrap

    first, rest = " " * before, " " * indent
    lines = textwrap.wrap(
        text,
        max(cells, indent + _NARROWEST),
        initial_indent=first,
        subsequent_indent=rest,
        drop_whitespace=True,
        break_on_hyphens=False,
    )
    return [lines[0][before:], *lines[1:]]


def align(
    table: Sequence[Sequence[str]], *, usual: Sequence[int] = (), room: int | None = None
) -> Iterator[str]:
    """Format rows as lines with aligned columns.

    A column is as wide as its widest cell, and at least as wide as usual. Where the lines have not
    the room for that, the usual width is exceeded; a row that still is too long has its first cell,
    and if need be its last one, on a line of its own.

    Args:
        table: The rows, all of the same length; the cells are made printable.
        usual: Least widths of the first columns, in cells.
        room: Cells that a line has, or `None` for no limit.
    """
    for lines in aligned_rows(table, usual=usual, room=room):
        yield from lines


def aligned_rows(
    table: Sequence[Sequence[str]], *, usual: Sequence[int] = (), room: int | None = None
) -> Iterator[list[str]]:
    """The same, with the lines of each row by themselves."""
    rows = [[printable(cell) for cell in row] for row in table]
    natural = [max(map(width, column)) for column in zip(*rows, strict=True)]
    widths = [max(pair) for pair in zip(natural, [*usual, *natural[len(usual) :]], strict=True)]
    if room is not None and sum(widths) + len(widths) - 1 > room:
        left = max(first_room(rows, room), _NARROWEST)
        fitting = [width(cells[0]) for cells in rows if width(cells[0]) <= left]
        widths = [max(fitting, default=_NARROWEST), *natural[1:]]
    for cells in rows:
        yield list(_row(cells, widths, room))


def first_room(table: Sequence[Sequence[str]], room: int) -> int:
    """The width left for the first cell of a line, beside the other columns.

    Of the last column, which is not padded, only the first row's cell counts: its heading.
    """
    widths = [max(map(width, column)) for column in zip(*table, strict=True)]
    return room - sum(widths[1:-1]) - width(table[0][-1]) - len(widths) + 1


def _row(cells: Sequence[str], widths: Sequence[int], room: int | None) -> Iterator[str]:
    line = _joined(cells, widths)
    if room is None or (width(line) <= room and width(cells[0]) <= widths[0]):
        yield line
        return
    *lead, last = cells
    if width(lead[0]) > widths[0]:
        yield lead[0]
        lead[0] = ""
    line = _joined([*lead, last], widths)
    if width(line) <= room:
        yield line
    else:
        yield _joined([*lead, ""], widths)
        yield f"  {last}"


def _joined(cells: Sequence[str], widths: Sequence[int]) -> str:
    return " ".join(_padded(cells, widths)).rstrip()


def _padded(cells: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    for cell, wanted in zip(cells, widths, strict=True):
        yield cell + " " * (wanted - width(cell))


def _steers(char: str) -> bool:
    """Whether a terminal might obey a character, or hide it, or turn its neighbours around."""
    if char.isprintable() or char in _JOINERS:
        return False
    from unicodedata import category

    return category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def json_text(data: object, *, indent: int | None = None) -> str:
    """Write data as JSON text.

    What standard output cannot show, on a terminal or in a pipe without UTF-8, is escaped, and so
    is what could steer a terminal.
    """
    import json  # not for help and completion

    text = escaped_json(json.dumps(data, indent=indent, ensure_ascii=False))
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(data, indent=indent)
    return text
