"""Live lines at the bottom of a terminal, redrawn while they change."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from modelwire.cli.output import (
    BEGIN_UPDATE,
    END_UPDATE,
    ERASE_BELOW,
    NEW_LINE,
    Control,
    draw,
    move_up,
)
from modelwire.cli.styled import Line
from modelwire.cli.text import width

__all__ = ["ChangingLines", "breaks_long_lines"]

# Variables that terminals set which break long lines again when they become narrower; GNU screen, which
# passes those of the terminal around it on, cuts them off.
_BREAKING = ("TMUX", "VTE_VERSION", "KITTY_WINDOW_ID", "WEZTERM_PANE")
_CUTTING = "STY"


def breaks_long_lines(environ: Mapping[str, str]) -> bool:
    """Whether it is known of the terminal that it breaks lines that a narrower window has no room for."""
    return _CUTTING not in environ and any(name in environ for name in _BREAKING)


class ChangingLines:
    """Shows lines, and shows others in their place, by rewriting only those that differ.

    What has scrolled out of the window cannot be changed any more. So lines that do not fit into it
    are final, whatever is shown later. After the window's size has changed, all lines in it are shown
    again in place of those before. Lines that are too long for a narrower window are broken by some
    terminals and cut off by others. Where it is not known that a terminal breaks them, they count as cut
    off: the beginning of the old lines may stay then, and nothing that stood above them is lost.

    Args:
        stream: The terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown: list[Line] = []
        self._final = 0
        self._size = self._measure()
        self._breaks_lines = breaks_long_lines(os.environ)

    @property
    def columns(self) -> int:
        """Cells that a line may have; the last column is left free, where terminals differ."""
        return max(self._measure().columns - 1, 1)

    def show(self, lines: Sequence[Line]) -> None:
        """Show lines in place of those before; none may be wider than `columns`."""
        size = self._measure()
        resized = size != self._size
        if resized:
            self._size = size
            self._final = 0
        fresh = list(lines[self._final :])
        same = 0
        for old, new in zip(self._shown, fresh, strict=False):
            if old != new or resized:
                break
            same += 1
        if same == len(self._shown) == len(fresh):
            return
        if same == len(fresh):  # the cursor has to come to the end of the last line
            same = max(same - 1, 0)
        moves = self._to_the_top(size) if resized else self._moves(same)
        draw(self._stream, BEGIN_UPDATE, *moves, *_joined(fresh[same:]), END_UPDATE)
        excess = max(len(fresh) - max(size.lines - 1, 1), 0)
        self._final += excess
        self._shown = fresh[excess:]

    def settle(self) -> None:
        """Make what is shown final; the cursor goes to a new line."""
        if self._shown:
            draw(self._stream, NEW_LINE)
        self._shown = []
        self._final = 0

    def _to_the_top(self, size: os.terminal_size) -> tuple[Control, ...]:
        """Erase all lines, as a window of a new size shows them."""
        if not self._shown:
            return ()
        rows = len(self._shown)
        if self._breaks_lines:
            cells = (width(str(line)) for line in self._shown)
            rows = sum(max(-(-each // size.columns), 1) for each in cells)
        return (move_up(min(rows, size.lines) - 1), ERASE_BELOW)

    def _moves(self, same: int) -> tuple[Control, ...]:
        """Move from the end of the last line to the beginning of the first line that differs."""
        if not self._shown:
            return ()
        if same == len(self._shown):
            return (NEW_LINE,)
        up = len(self._shown) - 1 - same
        return (move_up(up), ERASE_BELOW)

    def _measure(self) -> os.terminal_size:
        try:
            size = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):
            return shutil.get_terminal_size()
        return size if size.columns and size.lines else shutil.get_terminal_size()


def _joined(lines: Sequence[Line]) -> Iterator[Line | Control]:
    for number, line in enumerate(lines):
        if number:
            yield NEW_LINE
        yield line
