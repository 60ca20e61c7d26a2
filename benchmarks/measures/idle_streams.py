"""Many streams that are open and say nothing: the memory that each takes, and whether all stay open."""

from __future__ import annotations

from statistics import median
from typing import Any

from processes import Bench
from results import NAMES, Result, Target, ratio, table

TITLE = "Idle streams"
_NAMES = ("floor:signed", "modelwire", "aiobotocore")
_STREAMS, _MANY = 1000, 5000
_MOST = 30.0
"""KB of memory that an open stream may take."""
_PIECES = 2
"""Pieces that the server sends before it falls silent."""


def measure(bench: Bench) -> Result:
    rounds = [_hold(bench, _STREAMS, _NAMES) for _ in range(bench.rounds(3, 1))]
    many = _hold(bench, _MANY, ("modelwire",) if bench.quick else _NAMES)
    found = {
        name: median(
            each[name]["memory"] / each[name]["begun"] / 1024 for each in rounds if name in each
        )
        for name in _NAMES
        if any(name in each for each in rounds)
    }
    rows = [
        [
            NAMES[name],
            f"{found[name]:.0f}",
            ratio(found[name], found["modelwire"]),
            f"{many[name]['begun']:,}" if name in many else "–",
            f"{many[name]['failures']:,}" if name in many else "–",
        ]
        for name in found
    ]
    head = ["", "KB per stream", "x modelwire", f"of {_MANY:,}, open at once", "failed"]
    own = many["modelwire"]
    lost = _MANY - own["begun"] + own["failures"]
    targets = [
        Target("Memory of an idle stream", found["modelwire"], _MOST, " KB", 0),
        Target(f"Streams of {_MANY:,} in one process that fail", lost, 0, "", 0),
    ]
    return Result(table(head, rows), targets, [], {"kilobytes": found, "many": many})


def _hold(bench: Bench, streams: int, names: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """What it takes to hold so many streams, by peer; each peer in a process that has done nothing else."""
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        with bench.server("faults", fault="left") as url, bench.drivers((name,), url) as drivers:
            for driver in drivers:
                driver.ask("fault", leave=1)  # it warms up
                answer = driver.ask("idle", streams=streams, pieces=_PIECES, limit=60.0)
                if "error" not in answer:
                    found[name] = answer
    return found
