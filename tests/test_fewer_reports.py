"""Where processes share the tests, the reports that say nothing are not sent, and all others are."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from lean_pytest import ALONE

pytestmark = pytest.mark.extensive("it runs projects of tests in processes of their own")

SUPPORT = Path(__file__).parent / "support"

TESTS = """
import pytest

@pytest.fixture
def broken():
    assert False

@pytest.fixture
def left_broken():
    yield
    assert False

def test_good(): pass
def test_printing(): print("said")
def test_bad(): assert False
def test_unmade(broken): pass
def test_left(left_broken): pass
@pytest.mark.skip(reason="here")
def test_skipped(): pass
def test_skipping(): pytest.skip("there")
@pytest.mark.xfail(strict=True)
def test_expected(): assert False
"""

CONFTEST = """
import json, pathlib
told = []

def pytest_runtest_logreport(report):
    told.append([report.nodeid.partition("::test_")[2], report.when, report.outcome])

def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        pathlib.Path("told.json").write_text(json.dumps(told))
"""


@pytest.fixture
def run(tmp_path):
    def run(*options):
        """Run the tests; the last line, and the reports that have come from the other process."""
        (tmp_path / "test_all.py").write_text(TESTS)
        (tmp_path / "conftest.py").write_text(CONFTEST)
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        plugins = ["-p", "xdist.plugin", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-n", "1", *plugins, *options],
            cwd=tmp_path,
            env={"PYTHONPATH": str(SUPPORT), **ALONE},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stdout.splitlines()[-1].partition(" in ")[0], [
            tuple(report) for report in json.loads((tmp_path / "told.json").read_text())
        ]

    return run


def test_only_reports_that_say_nothing_are_left_out(run):
    last, everything = run()
    shorter, told = run("-p", "fewer_reports")
    assert shorter == last
    assert set(everything) - set(told) == {
        *((name, "setup", "passed") for name in ("good", "printing", "bad", "left", "skipping", "expected")),
        *((name, "teardown", "passed") for name in ("good", "unmade", "skipped", "skipping", "expected")),
        ("bad", "teardown", "passed"),
    }  # fmt: skip
    assert told == [report for report in everything if report in told]


def test_all_reports_are_sent_where_durations_are_asked_for(run):
    assert run("-p", "fewer_reports", "--durations=3")[1] == run("--durations=3")[1]
