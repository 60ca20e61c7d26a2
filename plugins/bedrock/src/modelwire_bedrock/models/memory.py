"""Memory: what calls of this process have found out, for a bounded number of places."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from modelwire.forks import ForkSafeLock

__all__ = ["Memory"]

V = TypeVar("V")
_MOST = 256


class Memory(Generic[V]):
    """A value for each key; of more than 256 keys, those that came first are forgotten. It may be used from any thread."""

    def __init__(self) -> None:
        self._values: dict[Hashable, V] = {}
        self._lock = ForkSafeLock()

    def get(self, key: Hashable) -> V | None:
        """The value of a key, or `None`."""
        return self._values.get(key)

    def update(self, key: Hashable, change: Callable[[V | None], V]) -> None:
        """Replace the value of a key by one that is made of it, or of `None`."""
        with self._lock:
            self._values[key] = change(self._values.get(key))
            while len(self._values) > _MOST:
                del self._values[next(iter(self._values))]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()
