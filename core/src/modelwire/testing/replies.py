"""What the server on loopback sends, and how it ends or fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Literal

from attrs import Factory, field, frozen

from modelwire.testing.patience import patience

__all__ = ["End", "Gate", "Reply"]

End = Literal["complete", "cut", "reset", "stall"]


class Gate:
    """A place in a reply at which the server waits until the test lets it go on."""

    def __init__(self) -> None:
        self._opened = threading.Event()
        self._given_up_at: float | None = None
        self.given_up = False

    def open(self) -> None:
        """Let the server go on; from any thread."""
        self._opened.set()

    def passable(self) -> bool:
        """Whether the server may go on; when patience is at its end it may, and `given_up` is set."""
        if self._opened.is_set():
            return True
        now = time.monotonic()
        if self._given_up_at is None:
            self._given_up_at = now + patience()
        self.given_up = now > self._given_up_at
        return self.given_up


@frozen
class Reply:
    """One HTTP response.

    Attributes:
        pieces: The body, each piece sent by itself; at a `Gate` the server waits.
        status: The HTTP status.
        headers: The header fields.
        hold: A gate before the first byte of the head.
        end: `complete`; `cut`, closed before the end of the body; `reset` by TCP; or `stall`,
            nothing more until the client leaves.
    """

    pieces: Sequence[bytes | Gate] = ()
    status: int = 200
    headers: Mapping[str, str] = Factory(dict)
    hold: Gate | None = None
    end: End = field(default="complete")
