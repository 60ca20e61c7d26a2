"""A batch: what a row costs beside the request itself, and how memory grows with the rows."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from processes import Bench
from results import Result, Target, milliseconds, paired, ratio, table

TITLE = "Batches"
_PROGRAM = Path(__file__).parents[1] / "batch_rows.py"
_EVENTS = 5
_ROWS = (1_000, 11_000)
"""Rows of the runs; the difference is without the start of the process."""
_MOST = 1.5
_MOST_GROWTH = 4.0
_HOW = {"alone": "the runtime alone, nothing written", "batch": "**a batch**"}


def measure(bench: Bench) -> Result:
    python = bench.environments.python("modelwire")
    if python is None:
        msg = "There is no environment of modelwire."
        raise RuntimeError(msg)
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
    rows = [
        [
            title,
            milliseconds(median(times[how]), 2),
            ratio(paired(times[how], times["alone"]), 2),
            f"{1 / median(walls[how]):,.0f}",
            f"{median(grown[how]):.1f}",
        ]
        for how, title in _HOW.items()
    ]
    head = ["", "CPU per row, ms", "x alone", "rows per second", f"MB more for {many - few:,} rows"]
    targets = [
        Target("CPU of a row of a batch, of the request's", paired(times["batch"], times["alone"]), _MOST),
        Target(f"Memory of {many - few:,} more rows of a batch", median(grown["batch"]), _MOST_GROWTH, " MB"),
    ]  # fmt: skip
    return Result(table(head, rows), targets, [], {"cpu": times, "wall": walls, "grown": grown})
