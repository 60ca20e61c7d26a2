"""The cancel signal of an agent, which closes the stream of an answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from modelwire.errors import Cancelled
from modelwire.runtime import Stream

__all__ = ["cancelled_by"]

_INTERVAL: Final = 0.05
"""Seconds between two looks at a signal."""


@contextmanager
def cancelled_by(signal: threading.Event | None, stream: Stream) -> Iterator[None]:
    """A block that ends when a signal is set: its stream is closed, and waiting for an event leaves it.

    A `threading.Event` has no callbacks. Waiting for it would hold a thread for each stream, so a timer
    of the event loop looks at it.

    Args:
        signal: The signal, if there is one.
        stream: The stream that is read in the block.
    """
    if signal is None:
        yield
        return
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle | None = None

    def look() -> None:
        nonlocal timer
        if signal.is_set():
            stream.cancel()
        else:
            timer = loop.call_later(_INTERVAL, look)

    look()
    try:
        yield
    except Cancelled:
        if not signal.is_set():
            raise
    finally:
        if timer is not None:
            timer.cancel()
