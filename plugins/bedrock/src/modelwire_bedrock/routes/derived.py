"""Choices, providers and models that are derived from others, each kept for the next call that is alike."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from operator import is_
from typing import Generic, TypeVar

__all__ = ["Derived"]

_MOST = 256
T = TypeVar("T")


class Derived(Generic[T]):
    """What was derived from objects, by their identity and by a key.

    It is for objects that do not change: providers of a configuration, and models.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[tuple[object, ...], T]] = {}

    def derive(self, origins: tuple[object, ...], key: Hashable, make: Callable[[], T]) -> T:
        """What was made earlier, or is made now.

        Args:
            origins: The objects to derive from.
            key: All else that the outcome depends on.
            make: Makes it.
        """
        place = (*map(id, origins), key)
        found = self._known.get(place)
        if found is None or not all(map(is_, found[0], origins)):
            found = (origins, make())
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[place] = found
        return found[1]
