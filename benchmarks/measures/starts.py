"""Streams that begin at once, on a client that has answered before, over new and over open connections."""

from __future__ import annotations

from statistics import median
from typing import Any

from processes import Bench
from results import NAMES, Bars, Result, Target, milliseconds, ratio, table

TITLE = "Many starts at once"
SIZES = (32, 64, 256, 1000)
_NAMES = ("floor:signed", "modelwire", "aiobotocore", "aws_sdk", "boto3")
_RIVAL = "aiobotocore"
_LIMITS = {"min": 0.3, "p50": 0.6, "max": 0.9}
"""The most that modelwire may take of what the rival takes."""
_HOLD = 0.03
"""Seconds for which the loop may be held, where 256 begin."""
_MEASURED = 256

Rounds = dict[str, list[dict[str, Any]]]


def measure(bench: Bench) -> Result:
    found = {size: _bursts(bench, size, close=True) for size in SIZES}
    kept = _bursts(bench, _MEASURED, close=False)
    tables = [f"{size:,} at once:\n\n{_table(found[size])}" for size in SIZES]
    tables.append(f"{_MEASURED} at once, over connections that are open:\n\n{_table(kept)}")
    targets = []
    for size in SIZES:
        own, rival = found[size].get("modelwire"), found[size].get(_RIVAL)
        if own and rival:
            for point, limit in _LIMITS.items():
                share = _share(own, rival, point)
                what = f"First event of {size:,} streams begun at once, {point}, of aiobotocore's"
                targets.append(Target(what, share, limit))
    if own := found[_MEASURED].get("modelwire"):
        held = median(each["hold"] for each in own)
        what = f"Longest hold of the loop while {_MEASURED} streams begin"
        targets.append(Target(what, held * 1000, _HOLD * 1000, " ms", 0))
    bars = {
        name: median(each["p50"] for each in rounds) * 1e3
        for name, rounds in found[_MEASURED].items()
    }
    return Result(
        "\n\n".join(tables),
        targets,
        [Bars(f"First event of {_MEASURED} streams begun at once, half of them", "ms", bars)],
        {**{str(size): rounds for size, rounds in found.items()}, f"{_MEASURED}, open": kept},
    )


def _share(own: list[dict[str, Any]], other: list[dict[str, Any]], what: str) -> float:
    return median(one[what] / two[what] for one, two in zip(own, other, strict=True))


def _table(found: Rounds) -> str:
    rows = []
    for name, rounds in found.items():
        row = [NAMES[name]]
        for what in ("min", "p50", "max", "cpu"):
            row.append(milliseconds(median(each[what] for each in rounds), 0))
            row.append(ratio(_share(rounds, found["modelwire"], what), 1))
        holds = [each["hold"] for each in rounds]
        row.append("–" if None in holds else milliseconds(median(holds), 0))
        rows.append(row)
    head = ["", *("first event min, ms", "x", "p50, ms", "x", "max, ms", "x", "CPU ms", "x")]
    return table([*head, "longest hold of the loop, ms"], rows)


def _bursts(bench: Bench, size: int, *, close: bool) -> Rounds:
    """What each round took, by peer; with `close`, the server ends each connection with its answer."""
    found: Rounds = {}
    with (
        bench.server("burst", events=2, close=int(close)) as url,
        bench.drivers(_NAMES, url) as drivers,
    ):
        for driver in drivers:
            driver.ask("warm", times=5)
        for number in range(bench.rounds(12, 1) + 1):
            for driver in drivers:
                answer = driver.ask("starts", streams=size)
                if answer.get("began") != size:
                    bench.environments.missing[driver.name] = str(
                        answer.get("error", "some failed")
                    )
                elif number:  # the first round warms up
                    found.setdefault(driver.name, []).append(answer)
    full = max(map(len, found.values()))
    return {name: rounds for name, rounds in found.items() if len(rounds) == full}
