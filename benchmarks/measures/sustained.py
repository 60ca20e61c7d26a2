"""Starts for a minute: short answers as fast as one process can read them."""

from __future__ import annotations

from processes import Bench
from results import Result, Target, milliseconds, table

TITLE = "Starts for a minute"
_EVENTS, _AT_ONCE = 5, 32


def measure(bench: Bench) -> Result:
    seconds = 5.0 if bench.quick else 60.0
    with (
        bench.server("burst", events=_EVENTS) as url,
        bench.drivers(("modelwire",), url) as drivers,
    ):
        (driver,) = drivers
        driver.ask("busy", at_once=_AT_ONCE, seconds=1.0)
        took = driver.ask("busy", at_once=_AT_ONCE, seconds=seconds)
    cost = took["cpu"] / took["done"]
    head = ["seconds", "requests", "requests per second", "requests per CPU second", "CPU ms each"]
    row = [
        f"{took['wall']:.0f}",
        f"{took['done']:,}",
        f"{took['done'] / took['wall']:,.0f}",
        f"{1 / cost:,.0f}",
        milliseconds(cost, 2),
    ]
    return Result(
        table(head, [row]),
        [
            Target(
                "CPU of a start, sustained (1 ms is 1,000 a second on a core)",
                cost * 1e3,
                1.0,
                " ms",
            )
        ],
        [],
        {"took": took},
    )
