"""A list on the terminal that is filtered as one types."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from typing import Literal, overload

import click
from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input, create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.layout import (
    BufferControl,
    Dimension,
    FormattedTextControl,
    HSplit,
    Layout,
    Window,
)
from prompt_toolkit.layout.processors import BeforeInput
from prompt_toolkit.output import Output, create_output

from modelwire.cli.event_loop import on_signal, run
from modelwire.cli.output import echo
from modelwire.cli.setup.list_entries import ListEntry, matching, numbered
from modelwire.cli.terminal_guard import unguarded
from modelwire.cli.text import printable

__all__ = ["choose_from_list"]

_SHOWN = 12
"""The number of rows that are shown at once."""

_KEYS = "type to filter, arrows, Enter"
_INDENT = " " * 7
"""Before the second and further lines of a row, below its text."""


@overload
def choose_from_list(question: str, entries: Sequence[ListEntry]) -> int | str: ...


@overload
def choose_from_list(
    question: str, entries: Sequence[ListEntry], *, other: Literal[False]
) -> int: ...


def choose_from_list(
    question: str, entries: Sequence[ListEntry], *, other: bool = True
) -> int | str:
    """Let a person choose an entry, or enter another text.

    Args:
        question: What is to be chosen, such as `Model`.
        entries: The entries, at least one.
        other: Whether a text may be entered that is no entry.

    Returns:
        The position of an entry, or the text.

    Raises:
        click.Abort: Ctrl-C or, with nothing typed, Ctrl-D was pressed, or the input ended.
    """
    chosen = run(_FilteredList(question, entries, other=other).choose())
    shown = entries[chosen].text if isinstance(chosen, int) else chosen
    echo(f"{question}: {printable(shown)}")
    return chosen


class _FilteredList:
    """The list while it is shown: what was typed, and the row that Enter takes."""

    def __init__(self, question: str, entries: Sequence[ListEntry], *, other: bool) -> None:
        self._entries = entries
        self._other = other
        self._typed = Buffer(multiline=False, on_text_changed=self._filter)
        self._rows: list[int | str] = list(range(len(entries)))
        self._row = 0
        self._is_aborted = False
        line = BufferControl(
            self._typed, input_processors=[BeforeInput(f"{printable(question)}: ")]
        )
        above = Window(line, wrap_lines=True, dont_extend_height=True)
        rows = FormattedTextControl(self._lines)
        within = Window(
            rows,
            wrap_lines=True,
            get_line_prefix=lambda _, wrapped: _INDENT if wrapped else "",
            dont_extend_height=True,
            height=lambda: Dimension(min=1, max=_SHOWN),
        )
        below = Window(FormattedTextControl(self._footer), wrap_lines=True, dont_extend_height=True)
        self._app: Application[int | str] = Application(
            Layout(HSplit([above, within, below])),
            key_bindings=self._bindings(),
            include_default_pygments_style=False,
            erase_when_done=True,
            input=_keyboard(),
            output=_screen(),
        )

    async def choose(self) -> int | str:
        """Show the list until a row is chosen."""
        with on_signal(signal.SIGINT, self._abort):
            chosen = await self._app.run_async(handle_sigint=False)
        if self._is_aborted:  # just after the choice
            raise click.Abort
        return chosen

    def _filter(self, _: Buffer) -> None:
        text = self._typed.text.strip()
        found = matching(self._entries, text)
        at_number = numbered(text, len(self._entries))
        if at_number is not None:
            found = [at_number, *(at for at in found if at != at_number)]
        is_entry = any(self._entries[at].text == text for at in found)
        self._rows = [*found, *([text] if self._other and text and not is_entry else [])]
        self._row = 0

    def _lines(self) -> StyleAndTextTuples:
        style = "" if os.environ.get("NO_COLOR") else "reverse"
        lines: StyleAndTextTuples = []
        for number, row in enumerate(self._rows):
            if number:
                lines.append(("", "\n"))
            is_current = number == self._row
            if is_current:
                lines.append(("[SetCursorPosition]", ""))  # the window scrolls to it
            mark = ">" if is_current else " "
            lines.append((style if is_current else "", f"{mark}{self._line(row)}"))
        return lines

    def _line(self, row: int | str) -> str:
        if isinstance(row, int):
            return f"{row + 1:>4}  {self._entries[row].line}"
        return f"      {printable(row)}  (as typed)"

    def _footer(self) -> str:
        found = sum(isinstance(row, int) for row in self._rows)
        return f"{found}/{len(self._entries)}  {_KEYS}"

    def _move(self, rows: int) -> None:
        self._row = max(min(self._row + rows, len(self._rows) - 1), 0)

    def _abort(self) -> None:
        self._is_aborted = True
        if self._app.is_running and not self._app.is_done:
            self._app.exit(exception=click.Abort())

    def _bindings(self) -> KeyBindings:
        bindings = KeyBindings()
        steps = {"up": -1, "c-p": -1, "s-tab": -1, "down": 1, "c-n": 1, "tab": 1}
        steps |= {"pageup": -_SHOWN, "pagedown": _SHOWN}

        def bind_move(key: str, rows: int) -> None:
            @bindings.add(key)
            def _(_: KeyPressEvent) -> None:
                self._move(rows)

        for key, rows in steps.items():
            bind_move(key, rows)

        @bindings.add("enter")
        @bindings.add("c-j")  # what was typed before the list was shown
        def _(event: KeyPressEvent) -> None:
            if self._rows:
                event.app.exit(result=self._rows[self._row])

        @bindings.add("c-c")
        def _(_: KeyPressEvent) -> None:
            self._abort()

        @bindings.add("c-d")
        def _(event: KeyPressEvent) -> None:
            if self._typed.text:
                self._typed.delete(event.arg)
            else:
                self._abort()

        @bindings.add("c-z")
        def _(event: KeyPressEvent) -> None:
            event.app.suspend_to_background()

        return bindings


def _screen() -> Output:
    output = create_output(unguarded(sys.stdout))
    if hasattr(output, "enable_cpr"):
        # The list needs not know where it is, and an answer that comes late is input of what follows.
        output.enable_cpr = False
    return output


if sys.platform == "win32":  # pragma: no cover - another system

    def _keyboard() -> Input:
        return create_input()

else:
    from prompt_toolkit.input.vt100 import Vt100Input

    class _KeyByKey(Vt100Input):
        """The terminal, read no further than the key that ends the list: the rest answers what follows."""

        def read_keys(self) -> list[KeyPress]:
            """The next key, if it is whole."""
            self.vt100_parser.feed(self.stdin_reader.read(1))
            keys, self._buffer = self._buffer, []
            return keys

    def _keyboard() -> Input:
        return _KeyByKey(sys.stdin)
