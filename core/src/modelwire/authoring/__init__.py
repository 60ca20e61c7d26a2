"""Building blocks for provider plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.authoring.probe import probed
    from modelwire.authoring.single_flight import SingleFlight

__all__ = ["SingleFlight", "probed"]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "probe": ("probed",),
        "single_flight": ("SingleFlight",),
    },
)
