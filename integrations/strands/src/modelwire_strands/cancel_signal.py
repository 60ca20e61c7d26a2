"""The cancel signal of an agent, which closes the stream of an answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from weakref import WeakKeyDictionary

from modelwire.errors import Cancelled
from modelwire.runtime import Stream

__all__ = ["cancelled_by"]

_INTERVAL: Final = 0.05
"""Seconds between two looks at the signals."""


@contextmanager
def cancelled_by(signal: threading.Event | None, stream: Stream) -> Iterator[None]:
    """A block that ends when a signal is set: its stream is closed, and waiting for an event leaves it.

    A `threading.Event` has no callbacks. Waiting for it would hold a thread for each stream, so a timer
    of the event loop looks at it, one for all streams of the loop.

    Args:
        signal: The signal, if there is one.
        stream: The stream that is read in the block.
    """
    if signal is None:
        yield
        return
    if signal.is_set():
        stream.cancel()
    watch = _watch_of(asyncio.get_running_loop())
    watch.add(stream, signal)
    try:
        yield
    except Cancelled:
        if not signal.is_set():
            raise
    finally:
        watch.remove(stream)


class _Watch:
    """The watch over the signals of all streams of one event loop."""

    def __init__(self) -> None:
        self._signals: dict[Stream, threading.Event] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, stream: Stream, signal: threading.Event) -> None:
        """Cancel a stream once its signal is set."""
        self._signals[stream] = signal
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_INTERVAL, self._look)

    def remove(self, stream: Stream) -> None:
        """Leave a stream alone from now on."""
        self._signals.pop(stream, None)
        if not self._signals and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        for stream in [each for each, signal in self._signals.items() if signal.is_set()]:
            del self._signals[stream]
            stream.cancel()
        if self._signals:
            self._timer = asyncio.get_running_loop().call_later(_INTERVAL, self._look)


_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, _Watch] = WeakKeyDictionary()


def _watch_of(loop: asyncio.AbstractEventLoop) -> _Watch:
    watch = _watches.get(loop)
    if watch is None:
        watch = _watches[loop] = _Watch()
    return watch
