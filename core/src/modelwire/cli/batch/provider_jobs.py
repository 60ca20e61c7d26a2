"""`modelwire batch --on provider`: jobs at the provider, with their price before they are submitted."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

from attrs import asdict

from modelwire.batch import BatchRequest, ProviderBatch, ProviderPlan
from modelwire.cli.batch.report import report
from modelwire.cli.event_loop import run
from modelwire.cli.output import confirm, echo, echo_json, is_terminal
from modelwire.cli.text import counted
from modelwire.hookspecs import BatchJob
from modelwire.runtime import Runtime

__all__ = ["JobAction", "plan_lines", "run_jobs"]

JobAction = Literal["run", "submit", "status", "fetch", "cancel"]
"""What is done with the jobs of a batch; `run` submits them, waits, and fetches their results."""

_DECLINED = 1


def run_jobs(
    request: BatchRequest, action: JobAction, *, job_id: str | None, approved: bool, as_json: bool
) -> int:
    """Act on the jobs of a batch; return the exit status.

    Args:
        request: The batch.
        action: What to do.
        job_id: A job that was submitted elsewhere, and is to be adopted before.
        approved: Whether jobs are submitted without asking on the terminal.
        as_json: Whether JSON is printed.

    Raises:
        ModelwireError: The provider refused or failed, or a file cannot be used.
        click.Abort: The question was interrupted.
    """
    return run(_act(request, action, job_id=job_id, approved=approved, as_json=as_json))


async def _act(
    request: BatchRequest, action: JobAction, *, job_id: str | None, approved: bool, as_json: bool
) -> int:
    async with (
        Runtime.from_config(request.config_path) as runtime,
        ProviderBatch(runtime, request) as batch,
    ):
        if job_id is not None:
            await batch.adopt(job_id)
        if action in ("run", "submit"):
            plan = await batch.plan()
            if plan.rows and not _may_submit(plan, approved=approved):
                return _DECLINED
        match action:
            case "submit":
                await batch.submit()
                return _show(await batch.poll(), as_json=as_json)
            case "status":
                return _show(await batch.poll(), as_json=as_json)
            case "cancel":
                return _show(await batch.cancel(), as_json=as_json)
            case "fetch":
                running = await batch.fetch()
                if running:
                    echo(f"{counted(running, 'job')} not ended yet.", err=True)
                return report(batch.summary(), as_json=as_json)
            case "run":
                progress = _Progress()
                return report(await batch.run(on_poll=progress.show), as_json=as_json)


def _may_submit(plan: ProviderPlan, *, approved: bool) -> bool:
    """Show what is about to be submitted, and ask on a terminal whether it may be."""
    for line in plan_lines(plan):
        echo(line, err=True)
    if approved or not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        return True
    return confirm("Submit?", default=False)


def plan_lines(plan: ProviderPlan) -> list[str]:
    """What a batch would submit, and its price."""
    terms, model = plan.terms, plan.model
    hours = f", answered within {terms.hours:g} hours" if terms.hours is not None else ""
    lines = [f"{counted(plan.rows, 'row')} for batch jobs of {model.ref}{hours}."]
    if terms.price_factor is None:
        lines.append("The price of batch jobs is not known.")
        return lines
    price = f"{terms.price_factor:.0%} of the price of single requests"
    if model.prices is not None:
        dollars = (
            f"${rate * terms.price_factor:g} per million tokens of {what}"
            for rate, what in ((model.prices.input, "input"), (model.prices.output, "output"))
            if rate is not None
        )
        price += f": {' and '.join(dollars)}"
    lines.append(f"{price}, as documented at {terms.source}.")
    return lines


class _Progress:
    """Prints the states of jobs whenever they have changed."""

    def __init__(self) -> None:
        self._shown = ""

    def show(self, jobs: Sequence[BatchJob]) -> None:
        states = Counter(job.state for job in jobs)
        text = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        if text != self._shown:
            first = not self._shown
            self._shown = text
            echo(f"Jobs: {text}.", err=True)
            if first:
                echo("Ctrl-C leaves them running; the same command continues.", err=True)


def _show(jobs: Sequence[BatchJob], *, as_json: bool) -> int:
    """Print the states of jobs."""
    if as_json:
        echo_json({"jobs": [asdict(job) for job in jobs]}, indent=2)
        return 0
    for job in jobs:
        echo("  ".join(_columns(job)))
    if not jobs:
        echo("There are no jobs whose results have not been fetched.")
    return 0


def _columns(job: BatchJob) -> list[Any]:
    counts = [
        f"{value} {name}"
        for name, value in (("answered", job.succeeded), ("failed", job.failed))
        if value is not None
    ]
    total = f"of {job.total}" if job.total is not None and counts else ""
    facts = " ".join(filter(None, (", ".join(counts), total)))
    return [part for part in (job.id, job.state, facts, job.message) if part]
