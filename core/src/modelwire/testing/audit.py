"""The audit: blocking calls and network access, seen through Python's audit events.

An audit hook sees every name look-up and every connection at the moment of the call, so nothing has
to be measured; see "Audit events table" in the documentation of Python. `time.sleep` is an event
only since Python 3.13, so it is watched by itself.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["blocking_calls", "network_calls"]

_Call = tuple[str, int, Any]

_watchers: list[list[_Call]] = []
_installed = False


@contextmanager
def blocking_calls() -> Iterator[list[str]]:
    """Collect the calls of this thread that make an event loop wait."""
    me = threading.get_ident()
    found: list[str] = []
    with _watched() as calls, _sleeps(calls):
        yield found
    for event, thread, detail in calls:
        if thread != me:
            continue
        if event == "time.sleep" and detail > 0:
            found.append(f"time.sleep({detail:g})")
        elif event == "socket.getaddrinfo":
            found.append(f"socket.getaddrinfo({detail!r})")
        elif event == "socket.connect" and detail[1] != 0:
            found.append(f"socket.connect({detail[0]!r})")


@contextmanager
def network_calls() -> Iterator[list[str]]:
    """Collect the calls of every thread that reach for the network."""
    found: list[str] = []
    with _watched() as calls:
        yield found
    for event, _, detail in calls:
        if event == "socket.getaddrinfo":
            found.append(f"socket.getaddrinfo({detail!r})")
        elif event == "socket.connect":
            found.append(f"socket.connect({detail[0]!r})")


@contextmanager
def _sleeps(calls: list[_Call]) -> Iterator[None]:
    sleep = time.sleep

    def seen(seconds: Any) -> None:
        calls.append(("time.sleep", threading.get_ident(), seconds))
        sleep(seconds)

    time.sleep = seen
    try:
        yield
    finally:
        time.sleep = sleep


@contextmanager
def _watched() -> Iterator[list[_Call]]:
    global _installed  # noqa: PLW0603 - an audit hook is for the whole process, and for ever
    if not _installed:
        sys.addaudithook(_hook)
        _installed = True
    calls: list[_Call] = []
    _watchers.append(calls)
    try:
        yield calls
    finally:
        _watchers[:] = [other for other in _watchers if other is not calls]


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watchers:
        return
    if event == "socket.getaddrinfo":
        detail = arguments[0]
    elif event == "socket.connect":
        connecting, address = arguments
        if connecting.family not in (socket.AF_INET, socket.AF_INET6):
            return
        detail = (address, connecting.gettimeout())
    else:
        return
    for calls in _watchers:
        calls.append((event, threading.get_ident(), detail))
