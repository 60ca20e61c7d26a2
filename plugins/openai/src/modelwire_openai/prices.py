"""Prices and context windows from the package `genai-prices`, where it is installed.

It is imported when models are discovered, and never asked to fetch newer data.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from attrs import evolve

from modelwire.models import Model, Prices

__all__ = ["with_prices"]

_KEYS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
}


def with_prices(model: Model, price_id: str | None) -> Model:
    """A model with what the package knows of it, where its service did not say.

    Args:
        model: The model.
        price_id: What the package calls the service, or `None` where it does not know it.
    """
    if price_id is None:
        return model
    prices, window = _known(price_id, model.id)
    return evolve(
        model, prices=model.prices or prices, context_window=model.context_window or window
    )


@lru_cache(maxsize=2048)
def _known(price_id: str, model_id: str) -> tuple[Prices | None, int | None]:
    try:
        from genai_prices.data_snapshot import get_snapshot
    except ImportError:
        return None, None
    provider = next((p for p in get_snapshot().providers if p.id == price_id), None)
    # Not given the other providers, it does not answer with the prices of another vendor.
    found = provider.find_model(model_id) if provider is not None else None
    if found is None:
        return None, None
    listed = found.get_prices(datetime.now(UTC))
    prices = Prices(**{name: _price(getattr(listed, key, None)) for name, key in _KEYS.items()})
    return (None if prices == Prices() else prices), found.context_window


def _price(price: Any) -> float | None:
    if price is None:
        return None
    base = getattr(price, "base", None)
    return float(price if base is None else base)
