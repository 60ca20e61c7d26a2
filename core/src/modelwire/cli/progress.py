"""The progress line: what is being waited for, shown on the terminal and then removed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from modelwire.cli.output import ERASE_LINE, draw, is_terminal
from modelwire.cli.text import printable

__all__ = ["ProgressLine", "waiting_for"]


class ProgressLine:
    """The line; on standard error, and only where that is a terminal."""

    def __init__(self) -> None:
        self._shown = is_terminal(sys.stderr)

    def say(self, text: str) -> None:
        """Show a text in place of the one before."""
        if self._shown:
            draw(sys.stderr, ERASE_LINE, printable(text)[:79])

    def clear(self) -> None:
        """Remove the line, before other output."""
        if self._shown:
            draw(sys.stderr, ERASE_LINE)


@contextmanager
def waiting_for(text: str) -> Iterator[ProgressLine]:
    """Show a line while something is waited for; it is gone afterwards, come what may."""
    line = ProgressLine()
    if text:
        line.say(text)
    try:
        yield line
    finally:
        line.clear()
