"""Prices and context windows of models whose service does not say them."""

from __future__ import annotations

from attrs import evolve

from modelwire.authoring import look_up_prices
from modelwire.models import Model

__all__ = ["with_prices"]


def with_prices(model: Model, price_id: str | None) -> Model:
    """A model with missing facts filled in from `genai-prices`.

    Args:
        model: The model.
        price_id: What the package calls the service, or `None` where it does not know it.
    """
    if price_id is None:
        return model
    known = look_up_prices(price_id, model.id)
    return evolve(
        model,
        prices=model.prices or known.prices,
        context_window=model.context_window or known.context_window,
    )
