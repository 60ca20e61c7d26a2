"""Standard input: the text that is piped into a command."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import click

from modelwire.cli.errors import show_note

__all__ = ["LARGEST", "decoded", "is_piped", "piped_text"]

LARGEST = 50 * 2**20
"""Bytes of a file or of standard input: more than any provider takes in a request."""

_PATIENCE = 3.0
"""Seconds after which a command that has its input on the command line says that it reads more."""


def is_piped() -> bool:
    """Whether standard input is a pipe or a file."""
    return sys.stdin is not None and not sys.stdin.isatty()


def piped_text(*, awaited: bool, advice: str = "") -> str:
    """The text of standard input, to its end; empty where it is a terminal or closed.

    Args:
        awaited: Whether the command has nothing else to work on. Where it has, a pipe that is left
            open by mistake is reported after a few seconds.
        advice: What to do with what is not text.

    Raises:
        click.UsageError: It is too large, or not UTF-8 text.
    """
    if not is_piped():
        return ""
    with _reported(awaited=awaited):
        data = sys.stdin.buffer.read(LARGEST + 1)
    if len(data) > LARGEST:
        msg = f"Standard input is larger than {LARGEST // 2**20} MiB, which no provider takes."
        raise click.UsageError(msg)
    return decoded(data, "Standard input", advice)


def decoded(data: bytes, name: str, advice: str = "") -> str:
    """The text of bytes in UTF-8, without a byte order mark.

    Args:
        data: The bytes.
        name: What an error calls them.
        advice: What to do where they are something else.

    Raises:
        click.UsageError: They are not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        msg = f"{name} is not UTF-8 text: byte {error.start} is {data[error.start]:#04x}."
        msg += f" {advice}" if advice else ""
        raise click.UsageError(msg) from None


@contextmanager
def _reported(*, awaited: bool) -> Iterator[None]:
    if awaited:
        yield
        return
    note = "Reading standard input to its end. If nothing is piped in, add < /dev/null."
    timer = threading.Timer(_PATIENCE, show_note, [note])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
