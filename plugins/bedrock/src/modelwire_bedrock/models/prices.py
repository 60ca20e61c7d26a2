"""The prices of models on Bedrock, from the package `genai-prices` where it is installed."""

from __future__ import annotations

from modelwire.authoring import PriceEntry, look_up_prices

__all__ = ["PRICED_SERVICE", "price_entry", "priced_id"]

PRICED_SERVICE = "aws"
"""Bedrock's name in the package."""


def priced_id(called: str, base_model: str | None) -> str:
    """The id that has a price: the one that is called, or the model behind an ARN.

    Args:
        called: The id that is called.
        base_model: The model behind it, where it is known.
    """
    return called if not called.startswith("arn:") else base_model or called


def price_entry(priced: str) -> PriceEntry:
    """The price entry of an id; the first call may take a second."""
    return look_up_prices(PRICED_SERVICE, priced)
