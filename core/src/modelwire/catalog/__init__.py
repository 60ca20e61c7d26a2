"""Which models there are, and what is known about them."""

from modelwire.catalog.catalog import Catalog, Listing

__all__ = ["Catalog", "Listing"]
