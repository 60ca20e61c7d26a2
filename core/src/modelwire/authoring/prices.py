"""Prices and context windows from the package `genai-prices`, where it is installed.

It is imported when a price is first looked up, which is slow, and it never fetches newer
data.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from attrs import frozen

from modelwire.models import Prices

__all__ = ["PriceEntry", "known_entry", "look_up_prices"]

_KEYS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_long": "cache_write_1h_mtok",
}


@frozen
class PriceEntry:
    """The package's data on a model.

    Attributes:
        prices: In USD per million tokens, or `None`.
        context_window: Tokens, or `None`.
        dearer_above: The number of input tokens above which prices are higher, or `None`.
    """

    prices: Prices | None = None
    context_window: int | None = None
    dearer_above: int | None = None


_MOST = 2048
_known: dict[tuple[str, str], PriceEntry] = {}


def known_entry(service: str, model_id: str) -> PriceEntry | None:
    """The entry that `look_up_prices` found for a model, or `None` if it has not looked."""
    return _known.get((service, model_id))


def look_up_prices(service: str, model_id: str) -> PriceEntry:
    """Look up the prices and the context window of a model.

    The first call may take a second; on an event loop it belongs in a thread.

    Args:
        service: The name of the service in the package, such as `openai` or `aws`.
        model_id: The model id.

    Returns:
        The known values; an entry without any where the package or the model is missing.
    """
    key = (service, model_id)
    if key not in _known:
        found = _look_up(service, model_id)
        if len(_known) >= _MOST:
            _known.clear()
        _known[key] = found
        return found
    return _known[key]


def _look_up(service: str, model_id: str) -> PriceEntry:
    try:
        from genai_prices.data_snapshot import get_snapshot
    except ImportError:
        return PriceEntry()
    provider = next((p for p in get_snapshot().providers if p.id == service), None)
    # Not given the other providers, it does not answer with the prices of another vendor.
    found = provider.find_model(model_id) if provider is not None else None
    if found is None:
        return PriceEntry()
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
    """A price, and the number of tokens above which it is higher."""
    if price is None:
        return None, None
    base = getattr(price, "base", None)
    if base is None:
        return float(price), None
    return float(base), min((tier.start for tier in price.tiers), default=None)
