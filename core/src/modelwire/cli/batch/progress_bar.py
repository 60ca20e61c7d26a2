"""The progress bar of a batch, on a terminal."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import Callable
from typing import Self

from modelwire.batch import BatchProgress
from modelwire.cli.diagnostics import diagnostics
from modelwire.cli.output import ERASE_LINE, draw, is_drawable

__all__ = ["ProgressBar", "progress_line"]

_PERIOD = 0.25
_WIDTH = 20


class ProgressBar:
    """A line on standard error that is drawn again and again, and removed at the end.

    Nothing is shown where standard error is no terminal, or one that cannot erase a line, and with
    `--verbose`, whose lines would be mixed up with it. It is entered in a running event loop.

    Args:
        progress: How far the batch is.
    """

    def __init__(self, progress: Callable[[], BatchProgress]) -> None:
        self._progress = progress
        self._usable = is_drawable(sys.stderr) and not diagnostics().verbose
        self._timer: asyncio.TimerHandle | None = None
        self._drawn = False

    def __enter__(self) -> Self:
        if self._usable:
            self._timer = asyncio.get_running_loop().call_later(_PERIOD, self._draw)
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._drawn:
            draw(sys.stderr, ERASE_LINE)

    def _draw(self) -> None:
        columns = shutil.get_terminal_size().columns
        # A full line would be wrapped, and could not be erased.
        draw(sys.stderr, ERASE_LINE, progress_line(self._progress(), columns - 1))
        self._drawn = True
        self._timer = asyncio.get_running_loop().call_later(_PERIOD, self._draw)


def progress_line(progress: BatchProgress, columns: int) -> str:
    """The line: a bar, rows, failures, tokens per second, cost and the time left.

    Args:
        progress: How far the batch is.
        columns: The most columns; what does not fit is left out, the last first.
    """
    if not progress.rows:
        return f"Reading the input: {progress.seconds:.0f} s"[:columns]
    done = progress.answered + progress.failed
    filled = done * _WIDTH // progress.rows
    parts = [f"[{'#' * filled}{'-' * (_WIDTH - filled)}] {done:,}/{progress.rows:,}"]
    if progress.stopping:
        parts.append(f"stopping, {progress.in_flight} in flight (Ctrl-C again ends them)")
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    if progress.tokens:
        parts.append(f"{progress.tokens / progress.seconds:,.0f} tokens/s")
    if progress.cost:
        parts.append(f"${progress.cost:,.2f}" if progress.cost >= 0.01 else "<$0.01")
    left = None if progress.stopping else _seconds_left(progress, done)
    if left is not None:
        parts.append(f"{duration(left)} left")
    while len(parts) > 1 and len("  ".join(parts)) > columns:
        parts.pop()
    return "  ".join(parts)[:columns]


def duration(seconds: float) -> str:
    """A duration in at most two units."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _seconds_left(progress: BatchProgress, done: int) -> float | None:
    now = done - progress.before
    if now <= 0 or progress.seconds <= 0:
        return None
    return (progress.rows - done) * progress.seconds / now
