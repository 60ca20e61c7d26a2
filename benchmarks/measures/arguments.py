"""Tool arguments: one call whose arguments come in fragments of 100 bytes."""

from __future__ import annotations

from statistics import median

from processes import Bench
from results import NAMES, Bars, Result, Target, table

TITLE = "Tool arguments"
SIZES = (250_000, 500_000, 1_000_000, 2_000_000)
_FRAGMENT = 100
_NAMES = ("modelwire_tools", "boto3_tools")


def measure(bench: Bench) -> Result:
    times = {size: _medians(bench, size) for size in SIZES}
    names = [name for name in _NAMES if all(name in found for found in times.values())]
    head = ["", *(f"{size / 1e6:g} MB, ms" for size in SIZES), "µs per fragment at 1 MB"]
    rows = [
        [
            NAMES[name.removesuffix("_tools")],
            *(f"{times[size][name] * 1e3:.0f}" for size in SIZES),
            f"{times[1_000_000][name] * 1e6 * _FRAGMENT / 1_000_000:.1f}",
        ]
        for name in names
    ]
    own = {size: times[size]["modelwire_tools"] for size in SIZES}
    growth = own[2_000_000] / own[1_000_000]
    return Result(
        table(head, rows),
        [Target("Tool arguments: 2 MB by 1 MB (linear is 2)", growth, 2.5)],
        [
            Bars(
                "1 MB of tool arguments",
                "ms",
                {name.removesuffix("_tools"): times[1_000_000][name] * 1e3 for name in names},
            )
        ],
        {str(size): found for size, found in times.items()},
    )


def _medians(bench: Bench, size: int) -> dict[str, float]:
    times: dict[str, list[float]] = {}
    with (
        bench.server("arguments", size=size, piece=_FRAGMENT) as url,
        bench.drivers(_NAMES, url) as drivers,
    ):
        for number in range(bench.rounds(11) + 1):
            for driver in drivers:
                answer = driver.ask("stream")
                if answer.get("characters") != size:
                    msg = f"{driver.name} did not read the arguments: {answer}"
                    raise RuntimeError(msg)
                if number:
                    times.setdefault(driver.name, []).append(answer["cpu"])
    return {name: median(found) for name, found in times.items()}
