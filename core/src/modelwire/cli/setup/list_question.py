"""The question for an entry of a list, in a terminal that can draw and in one that cannot."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from modelwire.cli.output import echo, is_drawable, prompt
from modelwire.cli.setup.list_entries import ListEntry, matching, numbered

__all__ = ["choose", "choose_entry"]

_SHOWN = 12
"""The number of entries that are shown at once."""


def choose(question: str, entries: Sequence[ListEntry]) -> int | str:
    """Ask for one of many entries: a list that is filtered as one types, where the terminal can draw it.

    Args:
        question: What is to be chosen, such as `Model`.
        entries: The entries.

    Returns:
        The position of an entry, or another text that was entered.

    Raises:
        click.Abort: The input ended, or Ctrl-C was pressed.
    """
    if entries and _can_draw():
        from modelwire.cli.setup.filtered_list import choose_from_list

        return choose_from_list(question, entries)
    return _choose_plainly(question, entries)


def choose_entry(question: str, entries: Sequence[ListEntry]) -> int:
    """Ask for an entry by its number, or of a long list as `choose` does; return its position.

    Raises:
        click.Abort: The input ended, or Ctrl-C was pressed.
    """
    if len(entries) > _SHOWN and _can_draw():
        from modelwire.cli.setup.filtered_list import choose_from_list

        return choose_from_list(question, entries, other=False)
    for number, entry in enumerate(entries, start=1):
        echo(f"{number:>4}  {entry.line}")
    number_typed: int = prompt("Number", type=click.IntRange(1, len(entries)))
    return number_typed - 1


def _can_draw() -> bool:
    return is_drawable(sys.stdin) and is_drawable(sys.stdout)


def _choose_plainly(question: str, entries: Sequence[ListEntry]) -> int | str:
    """Ask for a number, a text, or words, which leave the entries that have them."""
    shown, before = list(range(len(entries))), ""
    while True:
        for number, at in enumerate(shown[:_SHOWN], start=1):
            echo(f"{number:>4}  {entries[at].line}")
        if len(shown) > _SHOWN:
            more = len(shown) - _SHOWN
            echo(f"      and {more} more; a part of a name shows those that have it")
        default = "1" if shown else ""
        label = f"{question}: a number or an id"
        typed: str = prompt(label, default=default, show_default=bool(default)).strip()
        at_number = numbered(typed, len(shown))
        if at_number is not None:
            return shown[at_number]
        having = matching(entries, typed)
        exact = [at for at in having if entries[at].text == typed]
        if exact:
            return exact[0]
        # What was entered before is meant as it is.
        if not typed or not having or typed == before:
            return typed
        shown, before = having, typed
