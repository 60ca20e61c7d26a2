"""Many streams at once in one process, paced as models speak; 5,000 events a second in all."""

from __future__ import annotations

from statistics import median
from typing import Any

from environments import PEERS
from processes import Bench
from results import NAMES, Bars, Result, Target, milliseconds, table

TITLE = "Many streams"
_NAMES = ("floor", "modelwire", *(name for name in PEERS if name != "llm"))
_SIZES = {100: (0.02, 300, 2.0), 500: (0.1, 100, 5.0), 2000: (0.4, 60, 20.0)}
"""By the number of streams: seconds between two events, events, and seconds until all have begun.

A request takes boto3 a millisecond or more to write and sign, so a hundred begin in a second.
"""
_REPEATED = ("floor", "modelwire", "boto3")
"""The others take minutes for a round, and differ by far more than rounds do."""
_LIMIT = 90.0


def measure(bench: Bench) -> Result:
    found = {streams: _measure(bench, streams) for streams in _SIZES}
    tables = []
    for streams, by_name in found.items():
        seconds, events, ramp = _SIZES[streams]
        ideal = ramp + seconds * events
        tables.append(
            f"{streams:,} streams of {events} events, one every {seconds * 1000:.0f} ms "
            f"(at best {ideal:.1f} s):\n\n{_table(by_name, streams)}"
        )
    raw = {str(streams): by_name for streams, by_name in found.items()}
    return Result("\n\n".join(tables), _targets(found), _bars(found[500]), raw)


def _bars(by_name: dict[str, dict[str, Any]]) -> list[Bars]:
    late = {name: got["p99"] * 1e3 for name, got in by_name.items() if _is_whole(got)}
    return [Bars("p99 of added latency, 500 streams", "ms", late)]


def _is_whole(got: dict[str, Any]) -> bool:
    return bool(got.get("p99")) and not got["failures"] and not got["unfinished"]


def _targets(found: dict[int, dict[str, dict[str, Any]]]) -> list[Target]:
    targets = []
    at_500 = found[500]
    threaded = [
        at_500[name]["p99"]
        for name in ("boto3", "pydantic_ai", "strands", "langchain_aws")
        if name in at_500 and at_500[name].get("p99")
    ]
    if threaded:
        own = at_500["modelwire"]["p99"]
        what = "p99 of added latency at 500 streams, of the best thread-based peer's"
        targets.append(Target(what, own / min(threaded), 0.1))
    at_2000 = found[2000]["modelwire"]
    failed = at_2000["failures"] + at_2000["unfinished"]
    targets.append(Target("Failures of 2,000 streams", failed, 0, digits=0))
    return targets


def _table(by_name: dict[str, dict[str, Any]], streams: int) -> str:
    head = [
        "",
        "CPU s",
        "wall s",
        "p50 ms",
        "p99 ms",
        "loop lag p99 ms",
        "KB per stream",
        "threads",
        "failed",
    ]
    rows = []
    for name, got in by_name.items():
        if "error" in got:
            rows.append([NAMES[name], got["error"], *("" for _ in head[2:])])
            continue
        lost = got["failures"] + got["unfinished"]
        note = f"{lost}" + (f" ({got['unfinished']} not done)" if got["unfinished"] else "")
        rows.append(
            [
                NAMES[name],
                f"{got['cpu']:.1f}",
                f"{got['wall']:.1f}",
                milliseconds(got["p50"]),
                milliseconds(got["p99"]),
                milliseconds(got["lag_p99"]),
                f"{max(0, got['memory']) / streams / 1024:.0f}",
                str(got["threads"]),
                note,
            ]
        )
    return table(head, rows)


def _measure(bench: Bench, streams: int) -> dict[str, dict[str, Any]]:
    """The middle one of several runs, by CPU time; a run is a process of its own."""
    seconds, events, ramp = _SIZES[streams]
    runs: dict[str, list[dict[str, Any]]] = {}
    with bench.server("paced", seconds=seconds, events=events) as url:
        for number in range(bench.rounds(3, 1)):
            for name in _NAMES:
                if number and name not in _REPEATED:
                    continue
                with bench.drivers([name], url) as drivers:
                    for driver in drivers:
                        driver.ask("many", streams=2, ramp=0.0, limit=_LIMIT)
                        got = driver.ask("many", streams=streams, ramp=ramp, limit=_LIMIT)
                        runs.setdefault(name, []).append(got)
    return {name: _middle(found) for name, found in runs.items()}


def _middle(found: list[dict[str, Any]]) -> dict[str, Any]:
    whole = [got for got in found if "error" not in got]
    if not whole:
        return found[0]
    chosen = dict(sorted(whole, key=lambda got: got["cpu"])[len(whole) // 2])
    for key in ("p50", "p99", "lag_p99"):
        values = [got[key] for got in whole if got[key] is not None]
        chosen[key] = median(values) if values else None
    chosen["failures"] = max(got["failures"] for got in whole)
    chosen["unfinished"] = max(got["unfinished"] for got in whole)
    return chosen
