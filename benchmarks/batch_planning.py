"""The figures of batches that a plan needs: what each place costs, and the sums for ten million rows."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from attrs import frozen

from results import milliseconds, table

__all__ = ["choosing", "planning"]

_ROWS = 10_000_000
_NONE = "Not measured."
_TIME = (
    "- **Time without a quota.** A row takes {row} ms of CPU time, so that one core sends {each:,.0f} rows "
    "per second: {rows:,} x {row} ms = {hours:.1f} hours."
)
_MEMORY = (
    "- **Memory.** From {first:,} to {last:,} rows, a process of {size:.0f} MB grew by {grown:.1f} MB; that "
    "of ten million rows has one bit more for each, {bits:.2f} MB."
)
_READING = (
    "- **Reading.** Before the first request, {times:g} x {read:.1f} = {first:.0f} seconds of CPU time. Each "
    "continuation reads both files: {times:g} x {both:.1f} = {again:.0f} seconds at the halfway point."
)


@frozen
class _Cost:
    """What rows cost in one place.

    Attributes:
        row: CPU seconds of a row.
        start: CPU seconds beside the rows.
    """

    row: float
    start: float

    def of(self, rows: int) -> float:
        """The CPU seconds of rows."""
        return self.start + rows * self.row


def choosing(results: Mapping[str, Any]) -> str:
    """A table of what rows cost here and on Ray."""
    costs = _costs(results)
    if not costs:
        return _NONE
    head = ["", "CPU per row, ms", "CPU s beside the rows", "rows per second of a core", "CPU of ten million rows"]  # fmt: skip
    rows = [
        [
            name,
            milliseconds(cost.row, 2),
            f"{cost.start:.1f}",
            f"{1 / cost.row:,.0f}",
            f"{cost.of(_ROWS) / 3600:.1f} hours",
        ]
        for name, cost in costs.items()
    ]
    return table(head, rows)


def planning(results: Mapping[str, Any]) -> str:
    """The sums of a plan that depend on what was measured."""
    if "batch" not in results:
        return _NONE
    batch = results["batch"]["raw"]
    row = median(batch["cpu"]["batch"])
    points = batch["long"]["points"]
    (first, _, before), (last, _, after) = points[0], points[-1]
    lines = [
        _TIME.format(row=milliseconds(row, 2), each=1 / row, rows=_ROWS, hours=_ROWS * row / 3600),
        _MEMORY.format(
            first=first,
            last=last,
            size=before / 1e6,
            grown=(after - before) / 1e6,
            bits=_ROWS / 8e6,
        ),
    ]
    if "batch_reading" in results:
        read = results["batch_reading"]["raw"]
        times = _ROWS / read["rows"]
        lines.append(
            _READING.format(
                first=read["first"] * times,
                again=read["again"] * times,
                times=times,
                read=read["first"],
                both=read["again"],
            )
        )
    return "\n".join(lines)


def _costs(results: Mapping[str, Any]) -> dict[str, _Cost]:
    """The costs by place, of the run in which they were measured beside each other."""
    if "busy" not in results.get("batch_ray", {}).get("raw", {}):
        return {}
    runs: dict[str, list[tuple[int, float]]] = {}
    for run in results["batch_ray"]["raw"]["busy"]:
        runs.setdefault(run["how"], []).append((run["rows"], run["cpu"]))
    names = {"plain": "here, one process", "ask-1": "on Ray, in one actor"}
    return {name: _cost(runs[how]) for how, name in names.items()}


def _cost(runs: list[tuple[int, float]]) -> _Cost:
    """The cost of a row and of the start, by the last runs of two sizes."""
    by_rows = dict(runs)
    (few, less), *_, (many, more) = sorted(by_rows.items())
    row = (more - less) / (many - few)
    return _Cost(row, less - few * row)
