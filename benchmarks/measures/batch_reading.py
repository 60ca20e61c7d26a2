"""Reading the files of a batch: before the first request, and when it is continued."""

from __future__ import annotations

import json
from pathlib import Path

from processes import Bench
from results import Result, Target, table

TITLE = "Reading the files of a batch"
_PROGRAM = Path(__file__).parents[1] / "batch_reading.py"
_ROWS = 1_000_000
_MOST = 10.0
"""Seconds of CPU time until a million rows are read."""
_MOST_MEMORY = 64.0


def measure(bench: Bench) -> Result:
    """Measure."""
    python = bench.environments.python("modelwire")
    if python is None:
        msg = "There is no environment of modelwire."
        raise RuntimeError(msg)
    rows = _ROWS // 20 if bench.quick else _ROWS
    result = bench.folder / "reading.json"
    bench.run(python, _PROGRAM, bench.folder, result, str(rows), environ=bench.environ())
    said = json.loads(result.read_text())
    tables = table(
        [f"{rows:,} rows of 400 characters", "CPU s", "GB read"],
        [
            ["before the first request", f"{said['first']:.1f}", f"{said['input'] / 1e9:.2f}"],
            [
                f"continued, {rows // 2:,} rows answered",
                f"{said['again']:.1f}",
                f"{(said['input'] + said['output']) / 1e9:.2f}",
            ],
        ],
    )
    memory = said["memory"] / 1e6
    tables += f"\n\nThe process has {memory:.0f} MB at most."
    targets = [
        Target(f"CPU of reading {rows:,} rows of a batch", said["first"], _MOST, " s", 1),
        Target(f"Memory of reading {rows:,} rows of a batch", memory, _MOST_MEMORY, " MB", 0),
    ]
    return Result(tables, targets, [], said, tables)
