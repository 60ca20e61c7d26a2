"""Output: the one place through which the command line prints.

Whatever comes from outside, as names of models, header fields, paths and errors, may hold characters
that a terminal obeys: they could write the clipboard, clear the screen or turn text around. So all of
a text is escaped here; what is not escaped are the styles of `StyledText` and the cursor movements below,
which no text can pass for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TextIO

import click
from attrs import frozen

from modelwire.cli.styled import Line
from modelwire.cli.terminal_guard import GuardedStream
from modelwire.cli.text import json_text, printable, printable_lines, printable_prose

__all__ = [
    "BEGIN_UPDATE",
    "END_UPDATE",
    "ERASE_BELOW",
    "ERASE_LINE",
    "NEW_LINE",
    "Control",
    "confirm",
    "draw",
    "draw_on_descriptor",
    "echo",
    "echo_answer",
    "echo_json",
    "is_drawable",
    "is_terminal",
    "move_up",
    "prompt",
]


@frozen
class Control:
    """A control sequence of modelwire's own, for `draw`."""

    sequence: str


ERASE_LINE = Control("\r\x1b[2K")
"""Move to the beginning of the line, and erase the line."""

ERASE_BELOW = Control("\r\x1b[J")
"""Move to the beginning of the line, and erase everything from there."""

NEW_LINE = Control("\r\n")
"""Move to the beginning of the next line, however the terminal treats a line feed."""

# DEC private mode 2026: terminals that know it show what is between the two at once.
BEGIN_UPDATE, END_UPDATE = Control("\x1b[?2026h"), Control("\x1b[?2026l")


def move_up(rows: int) -> Control:
    """Move the cursor up."""
    return Control(f"\x1b[{rows}A" if rows else "")


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal; a closed standard stream is `None`."""
    return stream is not None and stream.isatty()


def is_drawable(stream: TextIO | None) -> bool:
    """Whether a stream is a terminal whose cursor can be moved, so not with `TERM=dumb`."""
    return is_terminal(stream) and os.environ.get("TERM", "") not in ("", "dumb", "unknown")


def echo(
    *lines: Line,
    err: bool = False,
    nl: bool = True,
    prose: bool = False,
    out: TextIO | None = None,
) -> None:
    """Print text, escaped wherever it goes; styles are for terminals only.

    Line feeds and tabs are not escaped. What must stay on one line, as a name, goes through
    `printable` first.

    Args:
        lines: The text, in parts that are put together.
        err: Print on standard error.
        nl: End with a line feed.
        prose: Whether a model wrote it, in whose languages marks of direction may be needed.
        out: Print on this stream instead.
    """
    escape = printable_prose if prose else printable_lines
    styled = is_terminal(_stream(out, err=err)) and not os.environ.get("NO_COLOR")
    text = "".join(_encoded(line, escape, styled=styled) for line in lines)
    _write(f"{text}\n" if nl else text, out, err=err)


def echo_answer(text: str, *, nl: bool = False, out: TextIO | None = None) -> None:
    """Print text that is the result itself: as it is into a pipe or a file, escaped on a terminal.

    Args:
        text: What a model said, or a value that programs read.
        nl: End with a line feed.
        out: Print on this stream instead of standard output.
    """
    text = printable_prose(text) if is_terminal(_stream(out)) else text
    _write(f"{text}\n" if nl else text, out)


def echo_json(data: object, *, indent: int | None = None, out: TextIO | None = None) -> None:
    """Print data as JSON, in which what a terminal could obey is escaped as JSON escapes it."""
    _write(f"{json_text(data, indent=indent)}\n", out)


def draw(stream: TextIO, *parts: Line | Control) -> None:
    """Write styles and cursor movements to a terminal, and text, which is escaped."""
    _write("".join(_encoded(part, printable_prose) for part in parts), stream)


def draw_on_descriptor(descriptor: int, *parts: Line) -> None:
    """Write to a terminal that is no standard stream, by its file descriptor."""
    styled = not os.environ.get("NO_COLOR")
    text = "".join(_encoded(part, printable_lines, styled=styled) for part in parts)
    os.write(descriptor, text.encode("utf-8", "backslashreplace"))


def prompt(
    question: str,
    *,
    default: str | None = None,
    show_default: bool = True,
    hide_input: bool = False,
    type: click.ParamType[Any] | None = None,  # noqa: A002 - click's name
) -> Any:
    """Ask on the terminal for a value.

    Args:
        question: The question, on one line.
        default: The value of an empty answer; without one the question is repeated.
        show_default: Show the default.
        hide_input: Do not show what is typed.
        type: What the answer is converted to, and checked by.

    Raises:
        click.Abort: The input ended, or Ctrl-C was pressed.
    """
    from modelwire.cli.interrupts import interruptible  # only questions need it

    shown = f" [{default}]" if show_default and default is not None else ""
    with interruptible():
        return click.prompt(
            printable(question + shown),
            default=default,
            show_default=False,
            hide_input=hide_input,
            type=type,
        )


def confirm(question: str, *, default: bool) -> bool:
    """Ask on the terminal for a yes or no.

    Raises:
        click.Abort: The input ended, or Ctrl-C was pressed.
    """
    from modelwire.cli.interrupts import interruptible

    with interruptible():
        return click.confirm(printable(question), default=default)


def _encoded(part: Line | Control, escape: Callable[[str], str], *, styled: bool = True) -> str:
    if isinstance(part, Control):
        return part.sequence
    if isinstance(part, str):
        return escape(part)
    return "".join(_in_style(escape(text), codes if styled else ()) for text, codes in part.pieces)


def _in_style(text: str, codes: Sequence[str]) -> str:
    if not (codes and text):
        return text
    return "".join(f"\x1b[{code}m" for code in codes) + text + "\x1b[0m"


def _stream(out: TextIO | None, *, err: bool = False) -> TextIO | None:
    return out if out is not None else sys.stderr if err else sys.stdout


def _write(text: str, out: TextIO | None, *, err: bool = False) -> None:
    stream = _stream(out, err=err)
    if isinstance(stream, GuardedStream):
        stream.write_escaped(text)
        stream.flush()
    else:
        # It writes UTF-8 where the encoding of a stream is ASCII, and knows the console of Windows.
        click.echo(text, out, nl=False, err=err, color=True)
