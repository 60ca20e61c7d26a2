"""Findings of the checks, as text and as JSON."""

from __future__ import annotations

import textwrap
from typing import Any, Literal

from attrs import field, frozen

from modelwire.cli.styled import Line, joined, style
from modelwire.cli.text import printable, room

__all__ = ["Finding", "State", "show_finding"]

State = Literal["ok", "warning", "problem"]

_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}
_MARGIN = " " * 9


@frozen
class Finding:
    """One thing that was looked at.

    Attributes:
        check: The name of the check, such as `proxies`.
        state: `ok`; `warning` for what may be wrong; `problem` for what does not work.
        message: What was found. It never holds a secret.
        hint: What to do, or `None` where there is nothing to do.
        details: Facts for programs.
    """

    check: str
    state: State
    message: str
    hint: str | None = None
    details: dict[str, Any] = field(factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The finding for programs."""
        return {
            "check": self.check,
            "state": self.state,
            "message": self.message,
            "hint": self.hint,
            "details": self.details,
        }


def show_finding(finding: Finding) -> Line:
    """The finding as text: its state, and below it the remedy."""
    lines = [part for line in finding.message.splitlines() for part in _wrapped(line)]
    state = style(f"{finding.state:<8}", fg=_COLOURS[finding.state])
    shown: list[Line] = [state + f" {lines[0]}", *(_MARGIN + line for line in lines[1:])]
    if finding.hint:
        hint, *more = _wrapped(f"Hint: {finding.hint}")
        shown.append(_MARGIN + style(hint[:5], bold=True) + hint[5:])
        shown += [_MARGIN + line for line in more]
    return joined("\n", shown)


def _wrapped(text: str) -> list[str]:
    """Break a text to the terminal, between words only, so that paths and URLs can be copied."""
    text = printable(text.strip())
    columns = room()
    if columns is None:
        return [text]
    wide = max(columns - len(_MARGIN), len(_MARGIN))
    return textwrap.wrap(text, wide, break_long_words=False, break_on_hyphens=False) or [text]
