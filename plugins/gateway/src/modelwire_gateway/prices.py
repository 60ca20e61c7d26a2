"""Prices before a call, for budgets and the page: of models that came without, as from no list of models."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Final

from attrs import evolve

from modelwire.authoring import look_up_prices
from modelwire.errors import ModelwireError
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
        service = self._service_of(model)
        if service is None:
            return model
        key = str(model.ref)
        if key not in self._found:
            # It may read files, and imports the package at the first time.
            self._found[key] = await asyncio.to_thread(self._look_up, model, service)
        prices = self._found[key]
        return model if prices is None else evolve(model, prices=prices)

    async def prices_of(self, models: Iterable[Model]) -> dict[str, Prices]:
        """The prices that `priced` finds for many models, by reference; others are not known."""
        known: dict[str, Prices] = {}
        unpriced: dict[str, tuple[Model, str]] = {}
        for model in models:
            if model.prices is not None:
                known[str(model.ref)] = model.prices
            elif (service := self._service_of(model)) is not None:
                unpriced[str(model.ref)] = (model, service)
        new = {key: each for key, each in unpriced.items() if key not in self._found}
        if new:
            self._found |= await asyncio.to_thread(self._look_up_all, new)
        found = {key: self._found.get(key) for key in unpriced}
        return known | {key: prices for key, prices in found.items() if prices is not None}

    def _service_of(self, model: Model) -> str | None:
        """The service whose published prices are those of a model without prices of its own."""
        service = _SERVICES.get(model.provider)
        if model.prices is not None or service is None:
            return None
        given = self._runtime.config.provider(model.provider)
        return None if given.base_url is not None or model.base_url is not None else service

    def _look_up_all(self, models: Mapping[str, tuple[Model, str]]) -> dict[str, Prices | None]:
        found = {}
        for key, (model, service) in models.items():
            # A model that cannot be called is looked up again when somebody calls it.
            with suppress(ModelwireError):
                found[key] = self._look_up(model, service)
        return found

    def _look_up(self, model: Model, service: str) -> Prices | None:
        base = self._runtime.describe_call(model).get("baseModel", model.id)
        return look_up_prices(service, base).prices
