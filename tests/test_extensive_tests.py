"""`make test` and `make test-extensive` run every test between them, and each area has tests in the first."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from extensive_tests import NAME, is_extensive, partly_extensive
from lean_pytest import ALONE

ROOT = Path(__file__).parents[1]
SUPPORT = Path(__file__).parent / "support"
PATHS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"][
    "testpaths"
]
ELSEWHERE = {"integrations/ray/tests"}
"""Folders whose tests run in an environment of their own, by `tests/test_integrations.py`."""

AREAS = [*(path for path in PATHS if not path.startswith("integrations/")), "core/tests/cli", "core/tests/testing", "plugins/bedrock/tests/emulator", "tests/reliability"]  # fmt: skip
"""The folders that `make test` covers."""


def pytest_command(target):
    """How a target of the Makefile runs pytest."""
    printed = subprocess.run(
        ["make", "-n", "-o", ".venv/dev", target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (line,) = [line for line in printed.splitlines() if "-m pytest" in line]
    return shlex.split(line)


def chosen(target):
    """The expression with which a target chooses tests, and the rest of its command."""
    command = pytest_command(target)
    at = command.index("-m", command.index("pytest"))
    return command[at + 1], command[:at] + command[at + 2 :]


def test_the_two_targets_run_every_test_once():
    short, options = chosen("test")
    long, same_options = chosen("test-extensive")
    assert (short, long) == (f"not {NAME}", NAME)
    assert options == same_options
    assert not re.search(r"--ignore|--deselect|(?<=\s)-k\b", shlex.join(options))


def test_ci_runs_both_targets():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert [line for line in lines if line.startswith("make ")] == [
        "make test",
        "make test-extensive",
    ]


def test_pytest_finds_every_folder_of_tests():
    folders = {
        str(folder.relative_to(ROOT))
        for pattern in ("core/tests", "plugins/*/tests", "integrations/*/tests", "tests")
        for folder in ROOT.glob(pattern)
    }
    assert folders == {*PATHS, *ELSEWHERE}


@pytest.mark.parametrize("area", AREAS)
def test_most_files_of_an_area_have_tests_that_are_not_extensive(area):
    files = sorted((ROOT / area).rglob("test_*.py"))
    extensive = [file.name for file in files if is_extensive(file)]
    assert len(files) > 2 * len(extensive), extensive


TESTS = """
import pytest
from extensive_tests import partly_extensive

def test_short(): pass
@pytest.mark.extensive("it starts a browser")
def test_long(): pass
@pytest.mark.parametrize("n", partly_extensive([1, 2], (1).__lt__, "two are many"))
def test_some(n): pass
"""
UNEXPLAINED = """
import pytest
@pytest.mark.extensive
def test_long(): pass
"""


@pytest.fixture
def run(tmp_path):
    def run(tests, *options):
        (tmp_path / "test_all.py").write_text(tests)
        (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n")
        plugins = ["-p", "extensive_tests", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-v", *plugins, *options],
            cwd=tmp_path,
            env={"PYTHONPATH": str(SUPPORT), **ALONE},
            capture_output=True,
            text=True,
        )
        return done, re.findall(r"::(\S+) PASSED", done.stdout)

    return run


def test_each_test_is_chosen_by_one_of_the_two_expressions(run):
    assert run(TESTS, "-m", f"not {NAME}")[1] == ["test_short", "test_some[1]"]
    assert run(TESTS, "-m", NAME)[1] == ["test_long", "test_some[2]"]
    assert run(TESTS)[1] == ["test_short", "test_long", "test_some[1]", "test_some[2]"]


WHOLE = """
import pytest
import no_such_framework

pytestmark = [pytest.mark.timeout(300), pytest.mark.extensive("it needs a framework")]

def test_it(): pass
"""


def test_a_file_of_which_no_test_is_chosen_is_not_imported(run):
    done, passed = run(WHOLE, "-m", f"not {NAME}")
    assert (done.returncode, passed) == (pytest.ExitCode.NO_TESTS_COLLECTED, [])
    assert "no_such_framework" in run(WHOLE, "-m", NAME)[0].stdout
    assert "no_such_framework" in run(WHOLE)[0].stdout


def test_the_tests_that_need_a_framework_are_extensive():
    files = {
        str(file.relative_to(ROOT)): is_extensive(file)
        for path in PATHS
        if path.startswith("integrations/")
        for file in (ROOT / path).glob("test_*.py")
    }
    assert len(files) > 10
    assert [file for file, extensive in files.items() if not extensive] == []


def test_a_marker_without_a_reason_is_an_error(run):
    done, passed = run(UNEXPLAINED)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "test_all.py::test_long" in done.stderr
    assert passed == []


def test_values_keep_their_names():
    values = partly_extensive(["a", "b"], "b".__eq__, "two are many", name=str.upper)
    assert [(value.values, value.id, bool(value.marks)) for value in values] == [
        (("a",), "A", False),
        (("b",), "B", True),
    ]
