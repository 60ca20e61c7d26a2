"""Prices before a call, for budgets: of models that came without, as from no list of models."""

from __future__ import annotations

import asyncio
from typing import Final

from attrs import evolve

from modelwire.authoring import look_up_prices
from modelwire.models import Model, Prices
from modelwire.runtime import Runtime

__all__ = ["PriceList"]

_SERVICES: Final = {
    "amazon-bedrock": "aws",
    "amazon-bedrock-mantle": "aws",
    "anthropic": "anthropic",
    "openai": "openai",
}
"""The names of providers' services in the package `genai-prices`."""


class PriceList:
    """Prices by model, looked up once.

    Args:
        runtime: Knows the models.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._found: dict[str, Prices | None] = {}

    async def priced(self, model: Model) -> Model:
        """A model with its prices: its own, or else the published ones of its service.

        A provider with an address of its own in the configuration may be anybody, and has none.
        """
        service = _SERVICES.get(model.provider)
        if model.prices is not None or service is None:
            return model
        given = self._runtime.config.provider(model.provider)
        if given.base_url is not None or model.base_url is not None:
            return model
        key = str(model.ref)
        if key not in self._found:
            # It may read files, and imports the package at the first time.
            self._found[key] = await asyncio.to_thread(self._look_up, model, service)
        prices = self._found[key]
        return model if prices is None else evolve(model, prices=prices)

    def _look_up(self, model: Model, service: str) -> Prices | None:
        base = self._runtime.describe_call(model).get("baseModel", model.id)
        return look_up_prices(service, base).prices
