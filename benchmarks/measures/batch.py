"""Batches: what a row costs beside the request itself, and how memory grows with the rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median
from typing import Any

from long_batch import Point, emulator, run_batch, whole_answers, write_rows
from processes import Bench
from results import Result, Target, milliseconds, paired, ratio, table

TITLE = "Batches"
_PROGRAM = Path(__file__).parents[1] / "batch_rows.py"
_EVENTS = 5
_ROWS = (1_000, 11_000)
"""Rows of the short runs; the difference is without the start of the process."""
_POINTS = (10_000, 50_000, 100_000)
"""Rows of the long run at which the process is looked at."""
_AFTER = 1_000
"""Rows after the last point, so that the process still runs there."""
_QUICK = 20
"""By how much the long run is shorter in a quick run."""
_MOST = 1.5
_MOST_GROWTH = 4.0
_HOW = {"alone": "the runtime alone, nothing written", "batch": "**a batch**"}


def measure(bench: Bench) -> Result:
    """Measure."""
    python = bench.environments.python("modelwire")
    if python is None:
        msg = "There is no environment of modelwire."
        raise RuntimeError(msg)
    short, long = _short(bench, python), _long(bench, python)
    return Result(
        f"{short.tables}\n\n{long.tables}",
        [*short.targets, *long.targets],
        [],
        {**short.raw, "long": long.raw},
        f"{short.tables}\n\n{long.tables}",
    )


def _short(bench: Bench, python: Path) -> Result:
    """Short runs in turn, against a server that costs little."""
    few, many = (rows // 5 for rows in _ROWS) if bench.quick else _ROWS
    times: dict[str, list[float]] = {how: [] for how in _HOW}
    walls: dict[str, list[float]] = {how: [] for how in _HOW}
    grown: dict[str, list[float]] = {how: [] for how in _HOW}
    with bench.server("burst", events=_EVENTS) as url:
        for _ in range(bench.rounds(3, 1)):
            for how in _HOW:
                first, second = (
                    bench.run(
                        python, _PROGRAM, how, bench.folder, str(rows), environ=bench.environ(url)
                    )
                    for rows in (few, many)
                )
                times[how].append((second["cpu"] - first["cpu"]) / (many - few))
                walls[how].append((second["wall"] - first["wall"]) / (many - few))
                grown[how].append((second["peak"] - first["peak"]) / 1e6)
    cost = paired(times["batch"], times["alone"])
    rows = [
        [
            title,
            milliseconds(median(times[how]), 2),
            f"{1.0 if how == 'alone' else cost:.2f}",
            f"{1 / median(walls[how]):,.0f}",
            f"{median(grown[how]):.1f}",
        ]
        for how, title in _HOW.items()
    ]
    head = ["", "CPU per row, ms", "x alone", "rows per second", f"MB more for {many - few:,} rows"]
    targets = [
        Target("CPU of a row of a batch, of the request's", cost, _MOST),
        Target(f"Memory of {many - few:,} more rows of a batch", median(grown["batch"]), _MOST_GROWTH, " MB"),
    ]  # fmt: skip
    return Result(table(head, rows), targets, [], {"cpu": times, "wall": walls, "grown": grown})


def _long(bench: Bench, python: Path) -> Result:
    """One long run of the command against the emulator, between runs of the runtime alone."""
    points = [rows // _QUICK for rows in _POINTS] if bench.quick else list(_POINTS)
    few, many = (points[0] // 10, points[0] // 10 + points[0])
    source, output = bench.folder / "long.jsonl", bench.folder / "long.answers.jsonl"
    rows = points[-1] + _AFTER
    write_rows(source, rows)
    with emulator(python, bench.environ()) as environ:

        def alone() -> float:
            first, second = (
                bench.run(python, _PROGRAM, "alone", bench.folder, str(number), environ=environ)
                for number in (few, many)
            )
            return (second["cpu"] - first["cpu"]) / (many - few)

        before = alone()
        found = run_batch(python, source, output, points, environ)
        costs = [before, alone()]
    answered = whole_answers(output)
    first, last = found[0], found[-1]
    between = last.rows - first.rows
    cost = (last.cpu - first.cpu) / between
    targets = [
        Target(f"CPU of a row of a batch of {rows:,} rows, of the request's", cost / mean(costs), _MOST),
        Target(f"Memory of {points[-1] - points[0]:,} more rows of a batch", (last.memory - first.memory) / 1e6, _MOST_GROWTH, " MB"),
        Target(f"Rows of {rows:,} in a batch without a whole line of their own", rows - answered, 0, digits=0),
    ]  # fmt: skip
    raw: dict[str, Any] = {
        "alone": costs,
        "points": [[point.rows, point.cpu, point.memory] for point in found],
        "answered": answered,
    }
    return Result(_long_table(rows, found, mean(costs)), targets, [], raw)


def _long_table(rows: int, points: Sequence[Point], alone: float) -> str:
    head = [
        f"a batch of {rows:,} rows, after",
        "CPU per row since the line above, ms",
        "x alone",
        "MB",
    ]
    lines = []
    for number, point in enumerate(points):
        cost = None
        if number:
            before = points[number - 1]
            cost = (point.cpu - before.cpu) / (point.rows - before.rows)
        lines.append(
            [
                f"{point.rows:,} rows",
                milliseconds(cost, 2),
                "–" if cost is None else ratio(cost, alone),
                f"{point.memory / 1e6:.1f}",
            ]
        )
    lines.append(["the runtime alone", milliseconds(alone, 2), "1.00", "–"])
    return table(head, lines)
