"""Providers and models that are derived from others, each kept for the next call that is alike."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["Derived"]

_MOST = 256
T = TypeVar("T")


class Derived(Generic[T]):
    """What was derived from objects of its own kind, by their identity and by a key.

    It is for what does not change: providers of a configuration, and models.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[T, T]] = {}

    def derive(self, origin: T, key: Hashable, make: Callable[[], T]) -> T:
        """What was made earlier, or is made now.

        Args:
            origin: The object to derive from.
            key: All else that the outcome depends on.
            make: Makes it.
        """
        place = (id(origin), key)
        found = self._known.get(place)
        if found is None or found[0] is not origin:
            found = (origin, make())
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[place] = found
        return found[1]
