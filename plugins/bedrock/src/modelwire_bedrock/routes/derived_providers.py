"""Providers that are derived from another one, each kept for the next call that is alike."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from modelwire.config import ProviderConfig

__all__ = ["DerivedProviders"]

_MOST = 256


class DerivedProviders:
    """The providers that were derived, by the identity of the first one and by a key.

    A configuration does not change; what is changed is read into another object.
    """

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[ProviderConfig, ProviderConfig]] = {}

    def derive(
        self, provider: ProviderConfig, key: Hashable, make: Callable[[], ProviderConfig]
    ) -> ProviderConfig:
        """The provider that was made earlier, or the one that is made now.

        Args:
            provider: The provider to derive from.
            key: All else that the outcome depends on.
            make: Makes it.
        """
        place = (id(provider), key)
        found = self._known.get(place)
        if found is None or found[0] is not provider:
            found = (provider, make())
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[place] = found
        return found[1]
