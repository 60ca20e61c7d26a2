"""Printing what the checks find, as they find it."""

from __future__ import annotations

from collections import Counter
from contextlib import aclosing
from pathlib import Path

import click

from modelwire.cli.doctor.examination import examine
from modelwire.cli.doctor.findings import Finding, State, show_finding
from modelwire.cli.doctor.situation import Situation
from modelwire.cli.documents import json_text
from modelwire.cli.progress import waiting_for

__all__ = ["report"]


async def report(config_path: Path | None, *, offline: bool, timeout: float, as_json: bool) -> int:
    """Run the checks and print what they find; return the exit status.

    Args:
        config_path: The configuration file.
        offline: Whether nobody may be asked.
        timeout: Seconds that each thing that is asked may take.
        as_json: Whether to print JSON, when all is done.
    """
    situation = Situation.of(config_path, offline=offline, timeout=timeout)
    everything: list[Finding] = []
    with waiting_for("looking...") as line:
        async with aclosing(examine(situation)) as examined:
            async for name, findings in examined:
                everything += findings
                if not as_json and findings:
                    line.clear()
                    _show(name, findings, first=len(everything) == len(findings))
    counts = Counter(finding.state for finding in everything)
    if as_json:
        data = {"ok": not counts["problem"], "checks": [f.to_json() for f in everything]}
        click.echo(json_text(data, indent=2))
    else:
        click.echo(f"\n{_summary(counts)}")
    return 1 if counts["problem"] else 0


def _show(name: str, findings: list[Finding], *, first: bool) -> None:
    heading = click.style(name.capitalize(), bold=True)
    text = "\n".join(show_finding(finding) for finding in findings)
    click.echo(f"{'' if first else chr(10)}{heading}\n{text}")


def _summary(counts: Counter[State]) -> str:
    if not counts["problem"] and not counts["warning"]:
        return click.style("All is well.", fg="green")
    states: tuple[State, State] = ("problem", "warning")
    parts = [
        f"{counts[state]} {state}{'' if counts[state] == 1 else 's'}"
        for state in states
        if counts[state]
    ]
    return click.style(", ".join(parts) + ".", fg="red" if counts["problem"] else "yellow")
