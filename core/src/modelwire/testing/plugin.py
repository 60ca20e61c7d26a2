"""The pytest plugin: results of the suites, in the summary and in files.

pytest loads this in every run, so its imports are minimal.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from modelwire.testing.checks import DEFAULT, be_patient

if TYPE_CHECKING:
    from modelwire.testing.report import RuleResult

__all__ = [
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_generate_tests",
    "pytest_terminal_summary",
]

_PROPERTY = "modelwire"
_FINDINGS = pytest.StashKey[list["RuleResult"]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the report and of the badge."""
    group = parser.getgroup("modelwire", "conformance of providers for modelwire")
    group.addoption(
        "--modelwire-report",
        type=Path,
        metavar="FILE",
        help="Write what the conformance suites found, as JSON or Markdown by the file's name.",
    )
    group.addoption(
        "--modelwire-badge",
        type=Path,
        metavar="FILE",
        help="Write a badge, as SVG, or as JSON for shields.io, by the file's name.",
    )
    group.addoption(
        "--modelwire-patience",
        type=float,
        default=DEFAULT,
        metavar="SECONDS",
        help="How long to wait before something is taken for stuck. Default: %(default)s",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Create an empty list of findings."""
    be_patient(config.getoption("modelwire_patience"))
    findings: list[RuleResult] = []
    config.stash[_FINDINGS] = findings
    config.pluginmanager.register(_Listener(findings), "modelwire-findings")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of a suite with the provider; the mark is sent along with their reports."""
    for item in items:
        subject = getattr(getattr(item, "cls", None), "subject", None)
        if subject is not None and type(subject).__module__ == "modelwire.testing.subject":
            item.user_properties.append((_PROPERTY, subject.provider))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Report the results of the suites, and write the requested files."""
    findings = config.stash[_FINDINGS]
    if not findings:
        return
    from modelwire.testing.report import by_suite, summary_of, write_badge, write_report

    terminalreporter.section("modelwire conformance")
    for suite, found in by_suite(findings).items():
        terminalreporter.write_line(f"{found[0].provider} ({suite}) {summary_of(found)}")
    report: Path | None = config.getoption("modelwire_report")
    badge: Path | None = config.getoption("modelwire_badge")
    if report is not None:
        write_report(report, findings)
    if badge is not None:
        write_badge(badge, findings)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each recorded interaction."""
    if "modelwire_recording" not in metafunc.fixturenames or metafunc.cls is None:
        return
    subject = metafunc.cls.subject
    if subject.recordings is None:
        reason = f"{subject.provider} has no recordings"
        given = [pytest.param(None, marks=pytest.mark.skip(reason=reason), id="none")]
    else:
        from modelwire.testing.recordings import read_recordings

        given = [
            pytest.param(interaction, id=str(number))
            for number, interaction in enumerate(read_recordings(subject.recordings), 1)
        ]
    metafunc.parametrize("modelwire_recording", given)


class _Listener:
    """Collects the findings of the suites, also in the process to which other processes report."""

    def __init__(self, findings: list[RuleResult]) -> None:
        self._findings = findings

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record the outcome of a rule."""
        provider = dict(report.user_properties).get(_PROPERTY)
        if provider is None or (report.when != "call" and report.outcome == "passed"):
            return
        from modelwire.testing.report import RuleResult, reason_of

        *_, suite, rule = report.nodeid.split("::")
        self._findings.append(
            RuleResult(str(provider), suite, rule, report.outcome, reason_of(report))
        )
