"""The guard of a terminal: text written to standard output or error is escaped there.

What modelwire prints with styles and cursor movements goes through `modelwire.cli.output`. Everything
else is data: the help and errors of click, tracebacks, warnings, log records without a handler, and
what plugins and tools print.
"""

from __future__ import annotations

import codecs
import io
import re
from typing import TextIO

from modelwire.cli.text import printable_lines

__all__ = ["GuardedStream", "guarded", "unguarded"]

_STYLES = re.compile(r"\x1b\[[0-9;]*m")


class GuardedStream(io.TextIOWrapper):
    """A text stream to a terminal that escapes what could control it.

    Colours are dropped, as from what goes into a pipe.

    Args:
        original: The stream that it takes the place of; both write to the same terminal.
    """

    def __init__(self, original: io.TextIOWrapper) -> None:
        # A terminal with the encoding ASCII most likely has another one; click writes UTF-8 to it as well.
        is_ascii = codecs.lookup(original.encoding).name == "ascii"
        super().__init__(
            original.buffer,
            encoding="utf-8" if is_ascii else original.encoding,
            errors="backslashreplace",
            line_buffering=True,
        )
        self.original = original

    def write(self, text: str) -> int:
        """Write text, escaped."""
        super().write(printable_lines(_STYLES.sub("", text)))
        return len(text)

    def write_escaped(self, text: str) -> None:
        """Write text that is escaped already, and has styles or cursor movements of modelwire's."""
        super().write(text)


def guarded(stream: TextIO | None) -> TextIO | None:
    """A stream to use in place of one: itself, unless it is a terminal."""
    if isinstance(stream, io.TextIOWrapper) and stream.isatty():
        return GuardedStream(stream)
    return stream


def unguarded(stream: TextIO) -> TextIO:
    """The stream without its guard, for a library that draws on the terminal and escapes by itself."""
    return stream.original if isinstance(stream, GuardedStream) else stream
