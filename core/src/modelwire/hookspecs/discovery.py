"""What the configuration says about the discovery of one provider's models."""

from __future__ import annotations

from typing import Any

from attrs import Factory, frozen

__all__ = ["DiscoverySettings"]


@frozen
class DiscoverySettings:
    """Settings from `plugins.entries.<provider>.config.discovery`.

    Attributes:
        enabled: Whether to ask the provider at all; `None` asks it when its credentials are usable.
        refresh_interval: Seconds that a list stays fresh; 0 switches the cache off.
        values: Every key as it was written, for those that only the plugin knows.
    """

    enabled: bool | None = None
    refresh_interval: int = 3600
    values: dict[str, Any] = Factory(dict)
