"""The cost of answers and embeddings whose model came without prices."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import TYPE_CHECKING

from modelwire.authoring.prices import PriceEntry, known_entry, look_up_prices
from modelwire.authoring.single_flight import SingleFlight
from modelwire.events import UsageReport
from modelwire.messages.usage import priced

if TYPE_CHECKING:
    from modelwire.events import Delta, Deltas
    from modelwire.messages import Usage
    from modelwire.models import Prices

__all__ = ["with_cost", "with_costs"]


async def with_costs(
    stream: AsyncGenerator[Deltas, None], service: str, model_id: Callable[[], str]
) -> AsyncGenerator[Deltas, None]:
    """A stream of deltas in which each report of usage has its cost.

    For models whose `prices` are unknown; known prices are applied by the core. A report that
    has a cost is not changed.

    Args:
        stream: The deltas. It is closed with the generator.
        service: The name of the service in the package `genai-prices`.
        model_id: Gives the id that has the price. It is called when usage is reported; prices that are
            not known yet are then looked up in a thread.
    """
    try:
        async for arrived in stream:
            deltas: list[Delta] = arrived if isinstance(arrived, list) else [arrived]
            # No step per delta: there are thousands of them before there is usage.
            if UsageReport in map(type, deltas):
                deltas = deltas.copy()
                for position, delta in enumerate(deltas):
                    if type(delta) is UsageReport and delta.usage.cost is None:
                        usage = await with_cost(delta.usage, service, model_id())
                        deltas[position] = UsageReport(usage)
                yield deltas
            else:
                yield arrived
    finally:  # as `aclosing` does, which takes longer
        await stream.aclose()


async def with_cost(usage: Usage, service: str, model_id: str) -> Usage:
    """A usage with its cost, where that is known; the arguments are those of `with_costs`."""
    prices = await _prices(service, model_id)
    cost = prices.cost_of(usage) if prices is not None else None
    return usage if cost is None else priced(usage, cost)


_lookups: SingleFlight[PriceEntry] = SingleFlight("modelwire-prices")


async def _prices(service: str, model_id: str) -> Prices | None:
    entry = known_entry(service, model_id)
    if entry is None:
        look_up = partial(look_up_prices, service, model_id)
        entry = await _lookups.run((service, model_id), look_up)
    return entry.prices
