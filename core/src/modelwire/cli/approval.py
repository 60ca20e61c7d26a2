"""Approval of tool calls on the terminal, and the display of their results.

A model's text may hold anything, so no part of it reaches the terminal that could hide a part of
a call from the approving user.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from attrs import frozen

from modelwire.cli.output import draw_on_descriptor, echo, is_terminal
from modelwire.cli.styled import Line, StyledText, style
from modelwire.cli.text import printable
from modelwire.messages import GuardContent, SearchResult, Text, ToolCall, UserContent
from modelwire.tools import run_in_thread

if TYPE_CHECKING:
    from modelwire.runtime.tool_loop import ToolRun

__all__ = ["Approval", "Terminal", "open_terminal", "show_call", "show_result"]

_SHOWN_LINES = 8
_SHOWN_COLUMNS = 200
_QUESTION = "Run it? [y]es, [n]o, [a]lways: "


class Approval:
    """Shows each call, and asks whether it may run.

    Args:
        terminal: Where to ask; `None` for every call that is run without a question.
        show: Whether to show calls that need no approval.
    """

    def __init__(self, terminal: Terminal | None, *, show: bool) -> None:
        self._terminal = terminal
        self._show = show

    async def __call__(self, call: ToolCall) -> bool:
        """Whether a call may run."""
        if self._terminal is not None:
            return await self._confirm(call, self._terminal)
        if self._show:
            show_call(call)
        return True

    async def _confirm(self, call: ToolCall, terminal: Terminal) -> bool:
        terminal.write(_shown(call) + "\n")
        terminal.forget()
        while True:
            terminal.write(_QUESTION)
            try:
                answer = await run_in_thread(terminal.read)
            except asyncio.CancelledError:
                terminal.write("\n")
                raise
            if not answer:
                terminal.write("\n")
                return False
            match answer.strip().lower():
                case "y" | "yes":
                    return True
                case "a" | "always":
                    self._terminal = None
                    return True
                case "" | "n" | "no":
                    return False


@frozen
class Terminal:
    """The terminal of the user, whatever the standard streams are.

    Attributes:
        write: Writes a text.
        read: Waits for a line; it is empty at the end of the input.
        forget: Drops pending input, which cannot be an answer to a question not yet shown.
    """

    write: Callable[[Line], None]
    read: Callable[[], str]
    forget: Callable[[], None]


def open_terminal() -> Terminal | None:
    """Open the terminal; `None` if there is none."""
    try:
        number = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
    except (AttributeError, OSError):
        if is_terminal(sys.stdin) and is_terminal(sys.stderr):
            return Terminal(partial(echo, err=True, nl=False), sys.stdin.readline, lambda: None)
        return None

    def read() -> str:
        return os.read(number, 4096).decode("utf-8", "replace")

    def forget() -> None:
        with suppress(ImportError, OSError):
            import termios

            with suppress(termios.error):
                termios.tcflush(number, termios.TCIFLUSH)

    return Terminal(partial(draw_on_descriptor, number), read, forget)


def show_call(call: ToolCall) -> None:
    """Show a call on standard error."""
    echo(_shown(call), err=True)


def _words(block: UserContent) -> str:
    """A block of a tool's result in words."""
    match block:
        case Text():
            return block.text
        case GuardContent():
            return _words(block.content)
        case SearchResult():
            return f"{block.title} <{block.source}>"
        case _:
            return f"<{block.mime_type}>"


def show_result(run: ToolRun) -> None:
    """Show on standard error what a call came to; of a long result, the beginning."""
    blocks = run.result.content
    text = "\n".join(_words(block) for block in blocks)
    if not run.approved:
        text = "declined"
    lines = text.splitlines() or [""]
    shown = [_cut(printable(line.replace("\t", "    "))) for line in lines[:_SHOWN_LINES]]
    if len(lines) > _SHOWN_LINES:
        shown.append(f"... and {len(lines) - _SHOWN_LINES} more lines")
    if isinstance(run.result.details, dict) and "raisedAt" in run.result.details:
        shown[-1] += f" ({printable(str(run.result.details['raisedAt']))})"
    failed = run.result.is_error
    for line in shown:
        echo(style(f"  {line}", dim=not failed, fg="red" if failed else None), err=True)


def _shown(call: ToolCall) -> StyledText:
    arguments = (
        f"{printable(name)}={printable(json.dumps(value, ensure_ascii=False))}"
        for name, value in call.arguments.items()
    )
    return style(printable(call.name), bold=True) + f"({', '.join(arguments)})"


def _cut(line: str) -> str:
    return line if len(line) <= _SHOWN_COLUMNS else f"{line[: _SHOWN_COLUMNS - 3]}..."
