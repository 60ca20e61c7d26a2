"""The progress line: what is being waited for, shown on the terminal and then removed."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from modelwire.cli.text import printable

__all__ = ["Line", "waiting_for"]


class Line:
    """The line; on standard error, and only where that is a terminal."""

    def __init__(self) -> None:
        self._shown = sys.stderr is not None and sys.stderr.isatty()

    def say(self, text: str) -> None:
        """Show a text in place of the one before."""
        if self._shown:
            sys.stderr.write(f"\r\x1b[2K{printable(text)[:79]}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away, as before other output."""
        if self._shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()


@contextmanager
def waiting_for(text: str) -> Iterator[Line]:
    """Show a line while something is waited for; it is gone afterwards, come what may."""
    line = Line()
    if text:
        line.say(text)
    try:
        yield line
    finally:
        line.clear()
