"""Reading what commands are given in files and on standard input, up to a limit."""

from __future__ import annotations

import sys
from pathlib import Path

from modelwire.cli.config.values import Refused

__all__ = ["read_limited"]


def read_limited(path: Path | None, limit: int) -> str:
    """Read UTF-8 text from a file, or `None` for standard input.

    Raises:
        Refused: It cannot be read, is longer than `limit` bytes, or is not UTF-8.
    """
    name = "The standard input" if path is None else str(path)
    try:
        if path is None:
            raw = sys.stdin.buffer.read(limit + 1)
        else:
            with path.open("rb") as file:
                raw = file.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Refused("value", f"{name} cannot be read: {reason}.") from error
    if len(raw) > limit:
        size = f"{limit / 1024 / 1024:g} MiB"
        raise Refused("value", f"{name} is larger than {size}.", hint="Split it.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused("value", f"{name} is not UTF-8 text.") from error
