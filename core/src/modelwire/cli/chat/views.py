"""Views of an answer: Markdown on a terminal, plain text elsewhere."""

from __future__ import annotations

import asyncio
import json
import sys
import textwrap
import time
from typing import Protocol, TextIO

from attrs import evolve

from modelwire.cli.chat.live_lines import ChangingLines
from modelwire.cli.chat.markdown import Block, render_block, split_blocks
from modelwire.cli.errors import show_note
from modelwire.cli.output import draw, echo, is_terminal
from modelwire.cli.printers import PRINTERS
from modelwire.cli.styled import Line, StyledText, style
from modelwire.cli.text import printable, printable_prose
from modelwire.errors import Cancelled, ModelwireError
from modelwire.events import (
    DoneEvent,
    Event,
    TextDeltaEvent,
    TextEndEvent,
    ThinkingDeltaEvent,
    ThinkingEndEvent,
    ToolCallEndEvent,
)
from modelwire.messages import Text, ToolCall
from modelwire.runtime.tool_loop import ToolRun

__all__ = ["MarkdownView", "PlainView", "View", "describe_call"]

_STOPPED = "Stopped. /retry asks again."

_FRAME = 0.04  # seconds between two looks at what has arrived


class View(Protocol):
    """Shows one answer, with the tools that ran for it."""

    def waiting(self) -> None:
        """The answer was requested."""

    def event(self, event: Event | ToolRun) -> None:
        """Show more of it."""

    def show_call(self, call: ToolCall) -> None:
        """Show a call before it is allowed or not."""

    def failed(self, error: ModelwireError) -> None:
        """It ended before its end."""

    def close(self) -> None:
        """Nothing more is shown."""


def describe_call(call: ToolCall) -> str:
    """A tool call on one line, with all of its arguments, safe to show."""
    arguments = ", ".join(
        f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in call.arguments.items()
    )
    return printable(f"{call.name}({arguments})")


def _result_line(run: ToolRun) -> str:
    if not run.approved:
        return "  not allowed"
    text = " ".join(block.text for block in run.result.content if isinstance(block, Text))
    first = textwrap.shorten(printable(text.replace("\n", " ")), 200, placeholder=" ...")
    return f"  {'failed: ' if run.result.is_error else ''}{first or 'done'}"


class PlainView:
    """The text on standard output as it comes; everything else on standard error."""

    def __init__(self) -> None:
        self._printer = PRINTERS["text"]()
        self._shown_calls: set[str] = set()

    def waiting(self) -> None:
        """Nothing is shown before it comes."""

    def show_call(self, call: ToolCall) -> None:
        """Print a call before it is allowed or not."""
        self._shown_calls.add(call.id)
        echo(describe_call(call), err=True)

    def event(self, event: Event | ToolRun) -> None:
        """Print an event."""
        if isinstance(event, ToolRun):
            if event.call.id not in self._shown_calls:
                self.show_call(event.call)
            echo(_result_line(event), err=True)
        elif isinstance(event, DoneEvent):
            self._printer.done(event.message)
        elif not isinstance(event, ToolCallEndEvent):
            self._printer.event(event)

    def failed(self, error: ModelwireError) -> None:
        """Print why."""
        self._printer.failed(error)
        if isinstance(error, Cancelled) and is_terminal(sys.stdin):
            show_note(_STOPPED)

    def close(self) -> None:
        """Everything is printed."""


class MarkdownView:
    """Finished blocks are printed once; the block that is still arriving is shown live.

    Args:
        stream: The terminal.
        color: Whether colours may be used.
    """

    def __init__(self, stream: TextIO | None = None, *, color: bool = True) -> None:
        self._stream = stream or sys.stdout
        self._lines = ChangingLines(self._stream)
        self._color = color
        self._tail = Block("")
        self._blocks_before = 0
        self._thinking = ""
        self._index = -1  # of the message's block that is shown
        self._timer: asyncio.TimerHandle | None = None
        self._took = 0.0
        self._shown_calls: set[str] = set()
        self._printer = PRINTERS["text"]()

    def waiting(self) -> None:
        """Show that something is awaited."""
        self._lines.show([self._dim("...")])

    def event(self, event: Event | ToolRun) -> None:
        """Show more."""
        match event:
            case TextDeltaEvent():
                self._turn_to(event.content_index)
                text = self._tail.source + printable_prose(event.delta)
                self._tail = evolve(self._tail, source=text)
                self._soon()
            case ThinkingDeltaEvent():
                self._turn_to(event.content_index)
                self._thinking += printable_prose(event.delta)
                self._soon()
            case ThinkingEndEvent() | TextEndEvent() if event.content_index == self._index:
                self._settle()
            case ToolRun():
                if event.call.id not in self._shown_calls:
                    self.show_call(event.call)
                self._write(self._dim(_result_line(event)))
            case DoneEvent():
                self._settle()
                self._index = -1
                self._printer.done(event.message)
            case _:
                pass

    def failed(self, error: ModelwireError) -> None:
        """Leave what has arrived, and say why there is no more."""
        self._settle()
        if isinstance(error, Cancelled):
            show_note(_STOPPED)
        self._printer.failed(error)

    def close(self) -> None:
        """Make everything final, and leave a line free before what comes next."""
        self._settle()
        if self._blocks_before:
            draw(self._stream, "\n")

    def show_call(self, call: ToolCall) -> None:
        """Show a call before it is allowed or not."""
        self._settle()
        self._shown_calls.add(call.id)
        for line in textwrap.wrap(describe_call(call), self._lines.columns - 2) or [""]:
            self._write(line)

    def _turn_to(self, index: int) -> None:
        """Show another block of the message; one may begin before another one has ended."""
        if index != self._index:
            self._settle()
            self._index = index

    def _soon(self) -> None:
        if self._timer is None:
            # Long blocks take longer to render; most of the time is left for the stream.
            wait = max(_FRAME, 4 * self._took)
            self._timer = asyncio.get_running_loop().call_later(wait, self._frame)

    def _frame(self) -> None:
        self._timer = None
        began = time.monotonic()
        self._show()
        self._took = time.monotonic() - began

    def _show(self) -> None:
        """Print the blocks that are finished, and show the last one."""
        if self._thinking:
            self._lines.show(self._thought())
            return
        first, *others = split_blocks(self._tail.source, number=self._tail.number)
        self._tail = evolve(first, joined=self._tail.joined)
        for block in others:
            self._show_tail()
            self._end_block()
            self._tail = block
        self._show_tail()

    def _show_tail(self) -> None:
        lines = render_block(self._tail, self._lines.columns, color=self._color)
        gap = [""] if lines and self._blocks_before and not self._tail.joined else []
        self._lines.show([*gap, *lines])

    def _end_block(self) -> None:
        self._lines.settle()
        self._blocks_before += 1

    def _settle(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._thinking.strip() or self._tail.source.strip():
            self._show()
            self._end_block()
        else:
            self._lines.show([])
        self._thinking = ""
        self._tail = Block("")

    def _thought(self) -> list[Line]:
        lines: list[str] = []
        for paragraph in self._thinking.strip("\n").splitlines():
            lines += textwrap.wrap(paragraph, self._lines.columns) or [""]
        gap = [""] if self._blocks_before else []
        return [*gap, *(self._dim(line) for line in lines)]

    def _dim(self, text: str) -> StyledText:
        return style(text, dim=True)

    def _write(self, line: Line) -> None:
        draw(self._stream, line, "\n")
        self._blocks_before += 1
