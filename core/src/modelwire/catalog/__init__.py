"""The model catalog: the available models, and the known facts about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwire._lazy import lazy_exports

if TYPE_CHECKING:
    from modelwire.catalog.catalog import Catalog, Listing

__all__ = ["Catalog", "Listing"]

__getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "catalog": (
            "Catalog",
            "Listing",
        ),
    },
)
