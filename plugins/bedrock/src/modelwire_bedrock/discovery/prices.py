"""Prices and context windows from the package `genai-prices`, where it is installed.

It is imported when models are discovered, and never asked to fetch newer data.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from attrs import frozen

from modelwire.models import Prices

__all__ = ["NOTHING_KNOWN", "PriceEntry", "price_entry"]

_KEYS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_long": "cache_write_1h_mtok",
}


@frozen
class PriceEntry:
    """What the package knows about a model.

    Attributes:
        prices: In USD per million tokens, or `None`.
        context_window: Tokens, or `None`.
        dearer_above: Tokens of input from which on the prices are higher than these, or `None`.
    """

    prices: Prices | None = None
    context_window: int | None = None
    dearer_above: int | None = None


NOTHING_KNOWN = PriceEntry()


@lru_cache(maxsize=512)
def price_entry(model_id: str) -> PriceEntry:
    """Look a model up. Profiles of a geography have other prices than global ones.

    Args:
        model_id: The id that is called, with its geography.
    """
    try:
        from genai_prices.data_snapshot import get_snapshot
    except ImportError:
        return NOTHING_KNOWN
    provider = next((p for p in get_snapshot().providers if p.id == "aws"), None)
    # Not given the other providers, it does not answer with the prices of another vendor.
    found = provider.find_model(model_id) if provider is not None else None
    if found is None:
        return NOTHING_KNOWN
    listed = found.get_prices(datetime.now(UTC))
    read = {name: _read(getattr(listed, key, None)) for name, key in _KEYS.items()}
    prices = Prices(**{name: price for name, (price, _) in read.items()})
    steps = [step for _, step in read.values() if step is not None]
    return PriceEntry(
        prices=None if prices == Prices() else prices,
        context_window=found.context_window,
        dearer_above=min(steps, default=None),
    )


def _read(price: Any) -> tuple[float | None, int | None]:
    """A price and the number of tokens from which on it is higher."""
    if price is None:
        return None, None
    base = getattr(price, "base", None)
    if base is None:
        return float(price), None
    return float(base), min((tier.start for tier in price.tiers), default=None)
