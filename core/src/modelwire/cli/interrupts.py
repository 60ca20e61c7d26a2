"""Interrupts at questions: a Ctrl-C ends a blocking read, whenever it comes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["interruptible"]

_PAUSE = 0.05
"""Seconds that a signal is given to be noticed by itself."""


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise `KeyboardInterrupt` out of what reads the terminal, once, at the first Ctrl-C.

    Python notes a signal and acts on it when it next runs code, or when a system call is broken off. A
    signal that comes between the last look and the call, or in another thread, breaks off nothing: it
    would be lost until Enter is pressed. Here a thread strikes again as long as nothing has happened.
    """
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    in_main = threading.current_thread() is threading.main_thread()
    if not (usual and in_main and hasattr(signal, "pthread_kill")):
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    answered = threading.Event()
    raised = late = False

    def struck(_number: int, _frame: FrameType | None) -> None:
        nonlocal raised, late
        if not answered.is_set():
            answered.set()
            raised = True
            raise KeyboardInterrupt
        late = not raised

    main = threading.get_ident()
    watching = threading.Thread(
        target=_strike_again,
        args=(reader, main, answered),
        name="modelwire-interrupts",
        daemon=True,
    )
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    watching.start()
    try:
        signal.signal(signal.SIGINT, struck)
        yield
    finally:
        answered.set()
        signal.set_wakeup_fd(before)
        os.close(writer)
        watching.join()
        os.close(reader)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if late:
            raise KeyboardInterrupt


def _strike_again(reader: int, thread: int, answered: threading.Event) -> None:
    while noted := os.read(reader, 1):
        while noted[0] == signal.SIGINT and not answered.wait(_PAUSE):
            signal.pthread_kill(thread, signal.SIGINT)
