"""Many streams at once in one process, paced as models speak."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from attrs import evolve, frozen

from environments import OWN, PEERS
from processes import Bench
from results import NAMES, Bars, Result, Target, milliseconds, ratio, table

TITLE = "Many streams"
_NAMES = ("floor", "modelwire", *(name for name in PEERS if name != "llm"))
_THREADED = ("boto3", "pydantic_ai", "strands", "langchain_aws")
_REPEATED = ("floor", "modelwire", "boto3")
"""The others take minutes for a round, and differ by far more than rounds do."""
_NOT_RUN = {"error": "not run: fewer streams never all ran at once"}
_LEFT_OUT = {"error": "left out of a quick run"}


@frozen
class _Size:
    """A number of streams, and how they run.

    Attributes:
        streams: How many there are.
        seconds: The time between two events of a stream, on average.
        events: Events of a stream.
        ramp: Seconds until all have been asked for.
        limit: Seconds after which whoever has not finished is stopped.
        rounds: How often the floor, modelwire and boto3 run.
    """

    streams: int
    seconds: float
    events: int
    ramp: float
    limit: float
    rounds: int

    @property
    def ideal(self) -> float:
        """Seconds from the first call to the last event, where nothing takes any time."""
        return self.ramp + self.seconds * self.events

    def quick(self) -> _Size:
        """The same in a fraction of the time."""
        events, ramp, limit = self.events // 4, self.ramp / 2, self.limit / 2
        return evolve(self, events=events, ramp=ramp, limit=limit)


_SIZES = (
    _Size(100, 0.02, 300, ramp=2.0, limit=25.0, rounds=3),
    _Size(500, 0.05, 160, ramp=5.0, limit=40.0, rounds=3),
    _Size(2000, 0.2, 70, ramp=10.0, limit=60.0, rounds=1),
)
_HALF_PACE = _Size(500, 0.1, 80, ramp=5.0, limit=40.0, rounds=3)
"""The same where no peer is near the limit of a processor."""


def measure(bench: Bench) -> Result:
    """Measure."""
    found: dict[int, dict[str, dict[str, Any]]] = {}
    names = _NAMES
    *sizes, half_pace = (size.quick() if bench.quick else size for size in (*_SIZES, _HALF_PACE))
    for size in sizes:
        if bench.quick and size is sizes[-1]:
            names = tuple(name for name in names if name in OWN)
        got = _measure(bench, size, names)
        not_asked = _LEFT_OUT if bench.quick else _NOT_RUN
        found[size.streams] = {name: got.get(name, not_asked) for name in _NAMES}
        names = tuple(name for name in names if name == "modelwire" or _is_whole(got.get(name, {})))
    half = _measure(bench, half_pace, _REPEATED)
    tables = [
        f"{size.streams:,} streams of {size.events} events, one every {size.seconds * 1000:.0f} ms "
        f"(at best {size.ideal:.0f} s):\n\n{_table(by_name, size.streams)}"
        for size, by_name in (
            *((size, found[size.streams]) for size in sizes),
            (half_pace, half),
        )
    ]
    targets = [
        *_late("", found[500]),
        *_late(" at half the pace", half),
        _failed(found[2000]["modelwire"]),
    ]
    raw = {
        **{str(streams): by_name for streams, by_name in found.items()},
        "500 at half pace": half,
    }
    return Result("\n\n".join(tables), targets, _bars(found[500]), raw)


def _bars(by_name: dict[str, dict[str, Any]]) -> list[Bars]:
    late = {name: got["p99"] * 1e3 for name, got in by_name.items() if _is_whole(got)}
    return [Bars("p99 of added latency, 500 running streams", "ms", late)]


def _is_whole(got: dict[str, Any]) -> bool:
    return "error" not in got and bool(got.get("p99")) and not got["failures"] + got["unfinished"]


def _late(how: str, by_name: dict[str, dict[str, Any]]) -> list[Target]:
    """How late 500 streams are, beside the best peer with threads that came to the end."""
    own = by_name["modelwire"]
    threaded = [by_name[name] for name in _THREADED if _is_whole(by_name.get(name, {}))]
    if not threaded or not _is_whole(own):
        return []
    return [
        Target(
            f"500 streams{how}: p99 of added latency{what}, of the best thread-based peer's",
            own[key] / min(got[key] for got in threaded),
            0.1,
        )
        for key, what in (("p99", ""), ("p99_of_all", ", starting included"))
    ]


def _failed(got: dict[str, Any]) -> Target:
    failed = got["failures"] + got["unfinished"] if "error" not in got else 2000
    return Target("2,000 streams: failures", failed, 0, digits=0)


def _table(by_name: dict[str, dict[str, Any]], streams: int) -> str:
    head = [
        "",
        "CPU s",
        "x modelwire",
        "wall s",
        "p50 ms",
        "p99 ms",
        "p99 ms, starting included",
        "loop lag p99 ms",
        "KB per stream",
        "threads",
        "s without a processor",
        "failed",
    ]
    own = by_name["modelwire"].get("cpu")
    rows = []
    for name, got in by_name.items():
        if "error" in got:
            rows.append([NAMES[name], got["error"], *("" for _ in head[2:])])
            continue
        whole = _is_whole(got)
        lost = got["failures"] + got["unfinished"]
        note = f"{lost}" + (f" ({got['unfinished']} not done)" if got["unfinished"] else "")
        rows.append(
            [
                NAMES[name],
                f"{got['cpu']:.1f}",
                ratio(got["cpu"], own) if whole and own else "–",
                f"{got['wall']:.1f}",
                *(milliseconds(got[key]) for key in ("p50", "p99", "p99_of_all", "lag_p99")),
                f"{max(0, got['memory']) / streams / 1024:.0f}",
                str(got["threads"]),
                "–" if got["waited"] is None else f"{got['waited']:.1f}",
                note,
            ]
        )
    return table(head, rows)


def _measure(bench: Bench, size: _Size, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The middle one of several runs, by CPU time; a run has processes of its own."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for number in range(bench.rounds(size.rounds, 1)):
        for name in names:
            if number and name not in _REPEATED:
                continue
            with (
                bench.server("paced", seconds=size.seconds, events=size.events) as url,
                bench.drivers([name], url) as drivers,
            ):
                for driver in drivers:
                    driver.ask("many", streams=2, events=10, ramp=0.0, limit=size.limit)
                    got = driver.ask(
                        "many",
                        streams=size.streams,
                        events=size.events,
                        ramp=size.ramp,
                        limit=size.limit,
                    )
                    runs.setdefault(name, []).append(got)
    return {name: _middle(found) for name, found in runs.items()}


def _middle(found: list[dict[str, Any]]) -> dict[str, Any]:
    whole = [got for got in found if "error" not in got]
    if not whole:
        return found[0]
    chosen = dict(sorted(whole, key=lambda got: got["cpu"])[len(whole) // 2])
    for key in ("p50", "p99", "p99_of_all", "lag_p99", "memory", "server_late_p99", "waited"):
        values = [got[key] for got in whole if got[key] is not None]
        chosen[key] = median(values) if values else None
    chosen["failures"] = max(got["failures"] for got in whole)
    chosen["unfinished"] = max(got["unfinished"] for got in whole)
    return chosen
