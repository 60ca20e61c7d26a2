"""The report of a batch: what came of it, and the exit status."""

from __future__ import annotations

from modelwire.batch import BatchSummary
from modelwire.cli.batch.progress_bar import duration
from modelwire.cli.output import echo, echo_json
from modelwire.cli.printers import INTERRUPTED
from modelwire.cli.text import counted

__all__ = ["report"]

_ROWS_FAILED = 3
_BUDGET_USED_UP = 4


def report(summary: BatchSummary, *, as_json: bool) -> int:
    """Print what came of a batch; return the exit status."""
    if as_json:
        echo_json(summary.to_json(), indent=2)
    else:
        for line in _lines(summary):
            echo(line)
    if summary.stopped == "interrupted":
        return INTERRUPTED
    if summary.stopped == "budget":
        return _BUDGET_USED_UP
    return _ROWS_FAILED if summary.failed else 0


def _lines(summary: BatchSummary) -> list[str]:
    answered = f"{summary.answered:,} of {counted(summary.rows, 'row')} answered: {summary.output}"
    lines = [answered]
    if summary.failed:
        lines.append(f"{counted(summary.failed, 'row')} failed: {summary.errors}")
    if summary.remaining:
        reason = " The budget is used up." if summary.stopped == "budget" else ""
        lines.append(
            f"{counted(summary.remaining, 'row')} not done yet; the same command continues.{reason}"
        )
    facts = [f"{counted(summary.requests, 'request')} in {duration(summary.seconds)}"]
    if summary.refused:
        facts.append(f"{summary.refused:,} refused")
    facts.append(counted(summary.tokens, "token"))
    if summary.cost:
        cost = f"${summary.cost:,.2f}" if summary.cost >= 0.01 else "less than $0.01"
        facts.append(f"{cost} in all")
    lines.append(", ".join(facts))
    return lines
