"""Batches through Ray Data: beside a plain batch, and by the number of actors."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from processes import Bench
from results import Result, Target, milliseconds, table

TITLE = "Batches through Ray Data"
_NAME = "framework_ray"
_PROGRAM = Path(__file__).parents[1] / "ray_rows.py"
_EVENTS = 5
_FEW, _MANY = 1_000, 10_000
"""Rows of the runs; the difference is without the start of the processes."""
_WAITING, _LATE, _IN_FLIGHT = 1_500, 0.5, 24
"""Rows that wait: how many, the seconds of an answer, and the requests in flight of an actor."""
_MOST = 1.3
_FASTER = 1.6
_HOW = {
    "plain": "a plain batch, one process",
    "same-1": "Ray Data alone: an actor that returns its rows",
    "ask-1": "**`Ask` in one actor**",
}


def measure(bench: Bench) -> Result:
    """Measure, where Ray can be had."""
    python = bench.environments.python(_NAME)
    if python is None:
        why = f"Not measured: {bench.environments.missing[_NAME]}."
        return Result(why, short=why)
    few, many, waiting = (n // 10 if bench.quick else n for n in (_FEW, _MANY, _WAITING))
    sizes = [f"{how}:{rows}" for how in _HOW for rows in (few, many)]
    with bench.server("burst", events=_EVENTS) as url:
        # The first run on the cluster starts its processes, and the same run later replaces it.
        busy = _run(bench, python, url, f"same-1:{few}", *sizes)
    with bench.server("burst", events=_EVENTS, late=_LATE) as url:
        runs = [f"same-1:{few}", f"ask-1:{waiting}", f"ask-2:{waiting}"]
        one, two = _run(bench, python, url, *runs, f"--in-flight={_IN_FLIGHT}")[-2:]
    return _result(busy, one, two, few, many)


def _run(bench: Bench, python: Path, url: str, *arguments: str) -> list[dict[str, Any]]:
    """The runs of one cluster; its folder has a short path, as its sockets are in it."""
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        result = bench.folder / "ray.json"
        bench.run(python, _PROGRAM, folder, result, *arguments, environ=bench.environ(url))
        said = json.loads(result.read_text())
    bench.versions |= said["versions"]
    runs: list[dict[str, Any]] = said["runs"]
    return runs


def _result(
    busy: list[dict[str, Any]], one: dict[str, Any], two: dict[str, Any], few: int, many: int
) -> Result:
    found = {(run["how"], run["rows"]): run for run in busy}
    plain = found["plain", many]
    rows = []
    for how, title in _HOW.items():
        small, large = found[how, few], found[how, many]
        row = max(0.0, (large["cpu"] - small["cpu"]) / (many - few))
        rows.append(
            [
                title,
                f"{large['cpu']:.1f}",
                f"{large['cpu'] / plain['cpu']:.2f}",
                milliseconds(row, 2),
                f"{small['cpu'] - few * row:.1f}",
                f"{large['wall']:.1f}",
            ]
        )
    ask = found["ask-1", many]
    of_rows = ask["cpu"] - found["same-1", many]["cpu"]
    head = [f"{many:,} rows", "CPU s", "x plain", "CPU per row, ms", "CPU s beside the rows", "s"]
    waits = table(
        [f"{one['rows']:,} rows that wait {_LATE:g} s each", "s", "CPU s"],
        [
            [actors, f"{run['wall']:.1f}", f"{run['cpu']:.1f}"]
            for actors, run in (("one actor", one), ("two actors", two))
        ],
    )
    targets = [
        Target(f"CPU of {many:,} rows through Ray Data, of a plain batch's", ask["cpu"] / plain["cpu"], _MOST),
        Target(f"CPU of {many:,} rows through Ray Data without Ray Data's own, of a plain batch's", of_rows / plain["cpu"], _MOST),
        Target(f"Time of {many:,} rows through Ray Data, of a plain batch's", ask["wall"] / plain["wall"], _MOST),
        Target("Time of two actors whose rows wait, of one actor's", two["wall"] / one["wall"], round(1 / _FASTER, 3)),
    ]  # fmt: skip
    tables = f"{table(head, rows)}\n\n{waits}"
    return Result(tables, targets, [], {"busy": busy, "waiting": [one, two]}, tables)
