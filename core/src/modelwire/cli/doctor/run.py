"""The table of checks, and their run."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path

from modelwire.cli.doctor.checks.cache import check_cache
from modelwire.cli.doctor.checks.certificates import check_certificates
from modelwire.cli.doctor.checks.claims import check_claims
from modelwire.cli.doctor.checks.clock import check_clock
from modelwire.cli.doctor.checks.configuration import check_configuration
from modelwire.cli.doctor.checks.credentials import check_credentials
from modelwire.cli.doctor.checks.plugins import check_plugins
from modelwire.cli.doctor.checks.proxies import check_proxies
from modelwire.cli.doctor.checks.reachability import check_reachability
from modelwire.cli.doctor.checks.startup import check_startup
from modelwire.cli.doctor.checks.tool_sources import check_tool_sources
from modelwire.cli.doctor.checks.versions import check_versions
from modelwire.cli.doctor.context import DoctorContext
from modelwire.cli.doctor.findings import Finding, State, show_finding
from modelwire.cli.output import echo, echo_json
from modelwire.cli.progress import waiting_for
from modelwire.cli.styled import Line, joined, style
from modelwire.cli.text import counted
from modelwire.registry.loader import where

__all__ = ["CHECKS", "examine", "report"]

CHECKS: dict[str, Callable[[DoctorContext], Awaitable[list[Finding]]]] = {
    "versions": check_versions,
    "plugins": check_plugins,
    "claims": check_claims,
    "startup": check_startup,
    "configuration": check_configuration,
    "credentials": check_credentials,
    "certificates": check_certificates,
    "proxies": check_proxies,
    "reachability": check_reachability,
    "clock": check_clock,
    "cache": check_cache,
    "tools": check_tool_sources,
}
"""The checks in the order in which they are shown."""


async def examine(situation: DoctorContext) -> AsyncGenerator[tuple[str, list[Finding]], None]:
    """Run all checks at once, and yield what each has found, in the order of the table."""
    async with situation.runtime:
        tasks = {name: asyncio.create_task(_run(name, situation)) for name in CHECKS}
        try:
            for name, task in tasks.items():
                yield name, await task
        finally:
            for task in tasks.values():
                task.cancel()


async def _run(name: str, situation: DoctorContext) -> list[Finding]:
    try:
        return await CHECKS[name](situation)
    except Exception as error:  # noqa: BLE001 - one check that fails must not hide the others
        text = f"This check failed: {where(error)}"
        return [Finding(name, "problem", text, "Please report this.")]


async def report(config_path: Path | None, *, offline: bool, timeout: float, as_json: bool) -> int:
    """Run the checks and print what they find; return the exit status.

    Args:
        config_path: The configuration file.
        offline: Whether no request may be sent.
        timeout: Seconds that each probe may take.
        as_json: Whether to print JSON, when all is done.
    """
    situation = DoctorContext.of(config_path, offline=offline, timeout=timeout)
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
        echo_json(data, indent=2)
    else:
        echo("\n", _summary(counts))
    return 1 if counts["problem"] else 0


def _show(name: str, findings: list[Finding], *, first: bool) -> None:
    heading = style(name.capitalize(), bold=True)
    shown = joined("\n", [heading, *(show_finding(finding) for finding in findings)])
    echo("" if first else "\n", shown)


def _summary(counts: Counter[State]) -> Line:
    if not counts["problem"] and not counts["warning"]:
        return style("All is well.", fg="green")
    states: tuple[State, State] = ("problem", "warning")
    parts = [counted(counts[state], state) for state in states if counts[state]]
    return style(", ".join(parts) + ".", fg="red" if counts["problem"] else "yellow")
