"""The audit: blocking calls, network access and imports of a thread, as they happen.

An audit hook sees every name look-up and every connection at the moment of the call, so no time has
to be measured; see "Audit events table" in the documentation of Python. `time.sleep` is an event
only since Python 3.13, so it is watched separately. Imports are seen by the first finder:
`importlib.import_module` raises no audit event.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import FrameType

__all__ = ["blocking_calls", "imports", "network_calls"]

_Call = tuple[str, int, Any]

_watchers: list[list[_Call]] = []
_installed = False


@contextmanager
def blocking_calls() -> Iterator[list[str]]:
    """Collect the calls of this thread that block an event loop."""
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
    """Collect the calls of every thread that access the network."""
    found: list[str] = []
    with _watched() as calls:
        yield found
    for event, _, detail in calls:
        if event == "socket.getaddrinfo":
            found.append(f"socket.getaddrinfo({detail!r})")
        elif event == "socket.connect":
            found.append(f"socket.connect({detail[0]!r})")


@contextmanager
def imports() -> Iterator[list[str]]:
    """Collect the modules that this thread imports, in order, including missing ones."""
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    try:
        yield finder.names
    finally:
        sys.meta_path.remove(finder)


class _Finder:
    """A finder that finds nothing, and records the imports of one thread."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self._thread = threading.get_ident()

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        if threading.get_ident() == self._thread and not _is_a_look_up():
            self.names.append(name)
        return None


def _is_a_look_up() -> bool:
    """Whether the caller is `importlib.util.find_spec`, which imports nothing."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the documented way to a frame
    while frame is not None and frame.f_globals.get("__name__") != "importlib._bootstrap":
        frame = frame.f_back
    while frame is not None and frame.f_globals.get("__name__") == "importlib._bootstrap":
        frame = frame.f_back
    return frame is not None and frame.f_globals.get("__name__") == "importlib.util"


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
    global _installed  # noqa: PLW0603 - an audit hook is process-wide and cannot be removed
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
