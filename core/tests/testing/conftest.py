"""Plugins that are like the template's but for one mistake, each held against the kit."""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import preloaded
import pytest
from attrs import frozen
from lean_pytest import ALONE, OURS

from modelwire.cli.plugin.names import PluginNames
from modelwire.cli.plugin.template import write_plugin

sys.path.insert(0, str(Path(__file__).parent))  # the mistakes


_PLUGINS = [option for module in OURS for option in ("-p", module)]


class Workshop:
    """A folder of plugins, and a pytest that sees them as installed."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib\n")

    def plugin(self, name, changes=(), *, abilities=()):
        """Write a plugin and its suite; each change is a file, what stands there, and what instead."""
        names = PluginNames.parse(name)
        home = self.folder / name
        write_plugin(names, home)
        for file, old, new in changes:
            path = home / "src" / names.module / file
            text = path.read_text()
            assert old in text, f"{file} of the template has no {old!r}"
            text = text.replace(old, new)
            compile(text, path, "exec")  # else it would break every rule, for another reason
            path.write_text(text)
        info = home / "src" / f"{names.module}-1.0.dist-info"
        info.mkdir()
        metadata = f"Metadata-Version: 2.1\nName: {names.distribution}\nVersion: 1.0\n"
        (info / "METADATA").write_text(metadata)
        entry = f"[modelwire.providers]\n{name} = {names.module}.plugin\n"
        (info / "entry_points.txt").write_text(entry)
        suite = home / "tests" / "test_conformance.py"
        text = suite.read_text()
        declared = "".join(f'        "{ability}",\n' for ability in abilities)
        text = text.replace('        "api_key",\n', f'        "api_key",\n{declared}')
        suite.write_text(text)
        return f"{name}/tests/test_conformance.py::Test{names.camel}"

    def run_side_by_side(self, nodes, options=(), processes=3):
        """Run tests that mostly wait, shared out among some processes; return the reports by suite."""
        parts = [nodes[number::processes] for number in range(processes)]

        def run(number):
            return self.run(*parts[number], options=options, report=f"report-{number}.json")

        with ThreadPoolExecutor(processes) as pool:
            outcomes = list(pool.map(run, range(processes)))
        return Outcome(
            max(outcome.status for outcome in outcomes),
            "".join(outcome.printed for outcome in outcomes),
            {suite: found for outcome in outcomes for suite, found in outcome.suites.items()},
        )

    def run(self, *nodes, options=(), report="report.json"):
        """Run tests in a pytest of their own; return what it printed, and the report by suite."""
        report = self.folder / report
        sources = [str(path) for path in self.folder.glob("*/src")]
        path = os.pathsep.join([*sources, os.environ.get("PYTHONPATH", "")])
        quiet = ("-p", "no:cacheprovider", *_PLUGINS, "-W", "error")
        done = preloaded.run(
            ["-m", "pytest", "-q", *quiet, f"--modelwire-report={report}", *options, *nodes],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": path, **ALONE},
            text=True,
            timeout=280,
            python=True,
        )
        found = json.loads(report.read_text())["suites"] if report.exists() else []
        return Outcome(done.returncode, done.stdout + done.stderr, {s["suite"]: s for s in found})


@frozen
class Outcome:
    status: int
    printed: str
    suites: dict

    def of(self, suite, rule):
        rules = {each["rule"]: each for each in self.suites[suite]["rules"]}
        return rules[rule]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    return Workshop(tmp_path_factory.mktemp("workshop"))
