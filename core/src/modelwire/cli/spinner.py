"""Waiting for an answer: a spinner with seconds, on a terminal."""

from __future__ import annotations

import asyncio
import sys
import time

from modelwire.cli.diagnostics import diagnostics
from modelwire.cli.output import ERASE_LINE, draw, is_drawable
from modelwire.cli.printers import Printer
from modelwire.errors import ModelwireError
from modelwire.events import Event, TextDeltaEvent, ThinkingDeltaEvent, ToolCallEndEvent
from modelwire.messages import AssistantMessage
from modelwire.runtime.tool_loop import ToolRun

__all__ = ["Spinner", "SpinningPrinter"]

_FRAMES = "|/-\\"
_PERIOD = 0.2


class Spinner:
    """A line on standard error that counts seconds until it is stopped.

    Nothing is shown where standard error is no terminal, or one that cannot erase a line, and with
    `--verbose`, whose lines would be mixed up with it. The first frame comes after one period, so
    that a quick answer shows none.
    """

    def __init__(self) -> None:
        self._usable = is_drawable(sys.stderr) and not diagnostics().verbose
        self._timer: asyncio.TimerHandle | None = None
        self._began = 0.0
        self._drawn = 0

    def start(self) -> None:
        """Begin to count, on the running loop; from zero, where it counts already."""
        self.stop()
        if self._usable:
            self._began = time.monotonic()
            self._timer = asyncio.get_running_loop().call_later(_PERIOD, self._draw)

    def stop(self) -> None:
        """Remove the line, before other output."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._drawn:
            self._drawn = 0
            draw(sys.stderr, ERASE_LINE)

    def _draw(self) -> None:
        seconds = int(time.monotonic() - self._began)
        frame = _FRAMES[self._drawn % len(_FRAMES)]
        self._drawn += 1
        draw(sys.stderr, ERASE_LINE, f"{frame} {seconds} s")
        self._timer = asyncio.get_running_loop().call_later(_PERIOD, self._draw)


class SpinningPrinter:
    """A printer with a spinner while there is nothing to print.

    Args:
        printer: The printer.
        whole: Whether it prints nothing before an answer is complete.
    """

    def __init__(self, printer: Printer, *, whole: bool) -> None:
        self._printer = printer
        self._spinner = Spinner()
        self._ends = () if whole else (TextDeltaEvent, ThinkingDeltaEvent, ToolCallEndEvent)
        self._running = 0

    def start(self) -> None:
        """The first request is about to be sent."""
        self._spinner.start()

    def event(self, event: Event) -> None:
        """Print an event."""
        if isinstance(event, self._ends):
            self._spinner.stop()
        self._printer.event(event)

    def done(self, message: AssistantMessage) -> None:
        """Print the end of a complete answer."""
        self._spinner.stop()
        self._running = len(message.tool_calls)
        self._printer.done(message)

    def tool(self, run: ToolRun) -> None:
        """Print what a tool returned; after the last one the next request is sent."""
        self._spinner.stop()
        self._printer.tool(run)
        self._running -= 1
        if self._running == 0:
            self._spinner.start()

    def failed(self, error: ModelwireError) -> int:
        """Print why it failed; return the exit status."""
        self._spinner.stop()
        return self._printer.failed(error)

    def misused(self, sentence: str) -> None:
        """Print why no request was sent."""
        self._printer.misused(sentence)

    def stop(self) -> None:
        """Remove the spinner in any case."""
        self._spinner.stop()
