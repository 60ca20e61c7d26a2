"""The cost of answers whose model came without prices."""

import threading
from contextlib import aclosing

import pytest
from attrs import evolve, fields

from modelwire.authoring import PriceEntry, prices, with_costs
from modelwire.events import TextDelta, UsageReport, deltas_of
from modelwire.messages import Cost, Usage
from modelwire.messages.usage import priced
from modelwire.models import Prices

PRICES = Prices(1.0, 2.0, 0.0, 0.0)
USAGE = Usage(input=1_000_000, output=500_000)


@pytest.fixture(autouse=True)
def table(monkeypatch):
    """A table of prices in the place of the package's."""
    known = {"dear": PRICES, "half-known": Prices(input=1.0)}
    asked = []

    def look_up(service, model_id):
        assert service == "acme"
        assert threading.current_thread() is not threading.main_thread()
        asked.append(model_id)
        return PriceEntry(known.get(model_id))

    monkeypatch.setattr(prices, "_known", {})
    monkeypatch.setattr(prices, "_look_up", look_up)
    return asked


async def collected(model_id, *arrivals):
    closed = []

    async def stream():
        try:
            for arrived in arrivals:
                yield arrived
        finally:
            closed.append(True)

    seen = []
    async with aclosing(with_costs(stream(), "acme", lambda: model_id)) as deltas:
        async for arrived in deltas:
            seen += deltas_of(arrived)
    assert closed == [True]
    return seen


async def test_every_report_of_usage_gets_its_cost_and_prices_are_looked_up_once(table):
    text = TextDelta(0, "hi")
    seen = await collected("dear", [text, UsageReport(USAGE)], text, UsageReport(USAGE))
    costs = [delta.usage.cost for delta in seen if isinstance(delta, UsageReport)]
    assert costs == [Cost(1.0, 1.0, 0.0, 0.0)] * 2
    assert [delta for delta in seen if delta == text] == [text, text]
    await collected("dear", UsageReport(USAGE))
    assert table == ["dear"]


async def test_nothing_is_looked_up_without_usage(table):
    assert await collected("dear", TextDelta(0, "hi")) == [TextDelta(0, "hi")]
    assert table == []


@pytest.mark.parametrize("model_id", ["unknown", "half-known"])
async def test_without_the_prices_that_it_needs_a_report_stays_as_it_is(model_id):
    report = UsageReport(USAGE)
    assert await collected(model_id, report) == [report]


async def test_a_report_that_names_its_cost_keeps_it(table):
    report = UsageReport(Usage(input=1, cost=Cost(5.0, 0.0, 0.0, 0.0)))
    assert await collected("dear", report) == [report]
    assert table == []


def test_a_usage_with_its_cost_is_otherwise_the_same():
    usage = Usage(1, 2, 3, 4, 5, 6)
    cost = Cost(1.0)
    assert priced(usage, cost) == evolve(usage, cost=cost)
    assert all(getattr(usage, each.name) for each in fields(Usage) if each.name != "cost")
