"""Forked processes: objects of the parent that a child must replace.

A child of `os.fork` has the parent's objects, but of the parent's threads only the one that forked. Locks
that other threads held stay locked, their work never ends, and sockets are the parent's own. Each
part of modelwire that holds such things replaces them in the child.

On systems without `os.fork` nothing here does anything.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from types import MethodType
from typing import Any
from weakref import WeakMethod

__all__ = ["ForkSafeLock", "after_fork", "importing", "release_descriptors"]

_Reset = Callable[[], object]

_PATIENCE = 10.0
"""Seconds for which a fork waits for imports."""

_resets: dict[WeakMethod[Any] | _Reset, None] = {}


def _forget(reset: WeakMethod[Any]) -> None:
    _resets.pop(reset, None)


def after_fork(reset: Callable[[], object]) -> None:
    """Call a function in each forked child, before `os.fork` returns there.

    The thread that forked is the only one then. The function must not wait, and should do no more than
    replace objects that the child must not use: with a lock, the data that it protects.

    Args:
        reset: The function; a bound method does not keep its object alive.
    """
    if isinstance(reset, MethodType):
        _resets[WeakMethod(reset, _forget)] = None
    else:
        _resets[reset] = None


class ForkSafeLock:
    """A lock that is free in a forked child, whichever thread of the parent holds it.

    Use it in a `with` statement. The data that it protects must be consistent at every moment, or
    be replaced by `after_fork`.

    Args:
        reentrant: Whether a thread that holds it may take it again.
    """

    def __init__(self, *, reentrant: bool = False) -> None:
        self._make = threading.RLock if reentrant else threading.Lock
        self._renew()
        after_fork(self._renew)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        with suppress(RuntimeError):  # this thread forked while it held the lock
            self._lock.release()

    def locked(self) -> bool:
        """Whether a thread holds it; not for reentrant locks."""
        return self._lock.locked()  # type: ignore[union-attr]

    def _renew(self) -> None:
        self._lock = self._make()


def release_descriptors(numbers: Iterable[int]) -> None:
    """Release file descriptors of the parent, for use in a child.

    Each is replaced by one for the null device, since an object that still has its number may use
    or close it. The parent's descriptor stays as it is, and so does a connection behind it.
    """
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_RDWR)
        try:
            for number in numbers:
                if number >= 0:
                    os.dup2(nowhere, number, inheritable=False)
        finally:
            os.close(nowhere)


class _Imports:
    """The imports that are under way in threads of modelwire."""

    def __init__(self) -> None:
        self.begin_again()

    @contextmanager
    def one(self) -> Iterator[None]:
        me = threading.get_ident()
        with self._changed:
            self._threads.append(me)
        try:
            yield
        finally:
            with self._changed:
                if me in self._threads:  # not in a child that was forked meanwhile
                    self._threads.remove(me)
                self._changed.notify_all()

    def wait(self) -> None:
        """Wait until no other thread imports, and prevent new imports."""
        ends = time.monotonic() + _PATIENCE
        self._changed.acquire()
        me = threading.get_ident()
        while set(self._threads) - {me} and (left := ends - time.monotonic()) > 0:
            self._changed.wait(left)

    def go_on(self) -> None:
        with suppress(RuntimeError):  # an interrupt came before the lock was taken
            self._changed.release()

    def begin_again(self) -> None:
        self._changed = threading.Condition()
        self._threads: list[int] = []


_imports = _Imports()
after_fork(_imports.begin_again)


def importing() -> AbstractContextManager[None]:
    """A context for imports in a thread of modelwire: a fork waits until it is left, up to ten seconds.

    A child cannot finish a module that another thread was half-way through, and to import it there would
    wait without end.
    """
    return _imports.one()


def _reset_all() -> None:
    for entry in list(_resets):
        reset = entry() if isinstance(entry, WeakMethod) else entry
        if reset is not None:
            reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_imports.wait,
        after_in_parent=_imports.go_on,
        after_in_child=_reset_all,
    )
