"""The conformance report, as text, JSON and a badge."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import asdict, frozen

if TYPE_CHECKING:
    import pytest

__all__ = ["RuleResult", "by_suite", "reason_of", "summary_of", "write_badge", "write_report"]

FORMAT = 1


@frozen
class RuleResult:
    """The outcome of one rule at one provider.

    Attributes:
        provider: The provider's id.
        suite: The name of the suite in the author's tests.
        rule: The name of the rule, such as `test_text_comes_whole`.
        outcome: `passed`, `failed` or `skipped`.
        reason: The reason of a failure or skip; empty where it passed.
    """

    provider: str
    suite: str
    rule: str
    outcome: str
    reason: str = ""


def reason_of(report: pytest.TestReport) -> str:
    """The reason of a failure or skip, in one line."""
    if report.skipped and isinstance(report.longrepr, tuple):
        return str(report.longrepr[2]).removeprefix("Skipped: ")
    crash = getattr(report.longrepr, "reprcrash", None)
    text = "" if crash is None else str(crash.message)
    return text.partition("\n")[0].removeprefix("AssertionError: ")


def by_suite(findings: Iterable[RuleResult]) -> dict[str, list[RuleResult]]:
    """The findings of each suite."""
    suites: dict[str, list[RuleResult]] = {}
    for finding in findings:
        suites.setdefault(finding.suite, []).append(finding)
    return suites


def summary_of(findings: Sequence[RuleResult]) -> str:
    """One line about a suite: `conforms: 61 rules kept, 4 do not apply`."""
    count = {
        outcome: sum(finding.outcome == outcome for finding in findings)
        for outcome in ("passed", "failed", "skipped")
    }
    rest = f"{count['skipped']} do not apply" if count["skipped"] else "all apply"
    if count["failed"]:
        return f"does not conform: {count['failed']} rules broken, {count['passed']} kept, {rest}"
    return f"conforms: {count['passed']} rules kept, {rest}"


def write_report(path: Path, findings: Sequence[RuleResult]) -> None:
    """Write the findings: as JSON for a file name with `.json`, else as Markdown."""
    text = _json(findings) if path.suffix == ".json" else _markdown(findings)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _json(findings: Sequence[RuleResult]) -> str:
    suites = [
        {
            "suite": suite,
            "provider": found[0].provider,
            "conforms": _conforms(found),
            "rules": [_rule(finding) for finding in found],
        }
        for suite, found in by_suite(findings).items()
    ]
    return json.dumps({"format": FORMAT, "suites": suites}, indent=2) + "\n"


def _rule(finding: RuleResult) -> dict[str, Any]:
    data = asdict(finding)
    return {key: data[key] for key in ("rule", "outcome", "reason")}


def _markdown(findings: Sequence[RuleResult]) -> str:
    lines = ["# Conformance of providers", ""]
    for suite, found in by_suite(findings).items():
        lines += [f"## {found[0].provider} ({suite})", "", f"It {summary_of(found)}.", ""]
        lines += ["| rule | outcome | reason |", "| --- | --- | --- |"]
        lines += [
            f"| {finding.rule} | {finding.outcome} | {finding.reason.replace('|', chr(92) + '|')} |"
            for finding in found
        ]
        lines.append("")
    return "\n".join(lines)


def _conforms(findings: Sequence[RuleResult]) -> bool:
    return not any(finding.outcome == "failed" for finding in findings)


_LABEL = "modelwire"
_WIDTH = 7  # of a character, in pixels, at 11 pixels of height
_COLOURS = {"brightgreen": "#4c1", "red": "#e05d44"}


def write_badge(path: Path, findings: Sequence[RuleResult]) -> None:
    """Write the badge: as JSON of shields.io's endpoint for a name with `.json`, else as SVG."""
    broken = sum(finding.outcome == "failed" for finding in findings)
    kept = sum(finding.outcome == "passed" for finding in findings)
    message = f"{broken} rules broken" if broken else f"conforms ({kept} rules)"
    colour = "red" if broken or not kept else "brightgreen"
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".json":
        badge = {"schemaVersion": 1, "label": _LABEL, "message": message, "color": colour}
        path.write_text(json.dumps(badge, indent=2) + "\n", encoding="utf-8")
    else:
        path.write_text(_svg(message, _COLOURS[colour]), encoding="utf-8")


def _svg(message: str, colour: str) -> str:
    left, right = (len(text) * _WIDTH + 10 for text in (_LABEL, message))
    label, shown = escape(_LABEL), escape(message)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{label}: {shown}">\n'
        f"<title>{label}: {shown}</title>\n"
        f'<rect width="{left}" height="20" fill="#555"/>\n'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/>\n'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" '
        'text-anchor="middle">\n'
        f'<text x="{left / 2:g}" y="14">{label}</text>\n'
        f'<text x="{left + right / 2:g}" y="14">{shown}</text>\n'
        "</g>\n</svg>\n"
    )
