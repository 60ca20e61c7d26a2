"""Forked children: a function runs in a real child process, which is killed when it does not end."""

import os
import pickle
import select
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from typing import Any

PATIENCE = 60.0
"""Seconds after which a child is killed; a healthy one ends long before, also on a busy machine."""


class ChildFailed(Exception):
    """A child raised something, was killed, or ended without a result."""


class Child:
    """A forked child, at work on a function.

    Args:
        work: What it does; the result must be picklable.
    """

    def __init__(self, work: Callable[[], Any]) -> None:
        self._reader, writer = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # since 3.12, where there are threads
            self.pid = os.fork()
        if self.pid == 0:
            _run(work, writer)
        os.close(writer)

    def result(self, patience: float = PATIENCE) -> Any:
        """What the function returned.

        Raises:
            ChildFailed: It raised something, or did not end in time.
        """
        told = b""
        ends = time.monotonic() + patience
        try:
            while select.select([self._reader], [], [], max(0.0, ends - time.monotonic()))[0]:
                piece = os.read(self._reader, 65536)
                if not piece:
                    break
                told += piece
            else:
                msg = f"The child was still at work after {patience:g} seconds."
                raise ChildFailed(msg)
        finally:
            os.close(self._reader)
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if not told:
            msg = "The child ended without a word."
            raise ChildFailed(msg)
        kind, value = pickle.loads(told)
        if kind == "raised":
            raise ChildFailed(value)
        return value


def _run(work: Callable[[], Any], writer: int) -> None:
    try:
        try:
            told = ("returned", work())
        except BaseException:  # noqa: BLE001 - the parent raises it
            told = ("raised", traceback.format_exc())
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump(told, pipe)
    finally:
        os._exit(0)


def forked(work: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Run a function in a child, and give what it returned."""
    return Child(work).result(patience)
