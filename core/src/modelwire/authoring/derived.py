"""Values that are derived from a configuration, each kept for the next call that is alike."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from operator import is_
from typing import Any, Generic, TypeVar
from weakref import ref

__all__ = ["DerivedValues"]

_MOST = 256
T = TypeVar("T")


class DerivedValues(Generic[T]):
    """What was derived from objects, by their identity and by a key, for as long as all of them live.

    It is for objects that do not change: configurations, the providers of one, and models.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[tuple[ref[Any], ...], T]] = {}

    def derive(self, origins: tuple[object, ...], key: Hashable, make: Callable[[], T]) -> T:
        """What was made earlier, or is made now.

        Args:
            origins: The objects to derive from; they are not kept.
            key: All else that the outcome depends on.
            make: Makes it. Its errors are raised, and nothing is kept then.
        """
        place = (*map(id, origins), key)
        found = self._known.get(place)
        if found is not None and all(map(is_, map(ref.__call__, found[0]), origins)):
            return found[1]
        made = make()
        if len(self._known) >= _MOST:
            self._known.clear()

        def forget(_: ref[Any]) -> None:
            self._known.pop(place, None)

        self._known[place] = (tuple(ref(origin, forget) for origin in origins), made)
        return made
