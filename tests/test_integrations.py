"""The standard suites of frameworks pass over our integrations, offline, as installed from wheels.

Each integration with a folder `tests/standard` has an environment of its own in `.venv-bench`: the
framework and its suite come from the package index, as new as it has them, ours from wheels of this
checkout. Without the index the tests are skipped.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from clean_venv import build_wheels, run
from foreign_clients import python_with

# Filling an environment takes as long as the package index does.
pytestmark = pytest.mark.timeout(900)

ROOT = Path(__file__).parents[1]
SUITES = {path.parents[1].name: path for path in sorted(ROOT.glob("integrations/*/tests/standard"))}
OURS = [ROOT / "core", ROOT / "plugins" / "bedrock"]


def installed(name, suite, folder):
    """The interpreter of an environment with the framework's suite and our wheels."""
    python = python_with(f"integrations-{name}", suite / "requirements.txt")
    wheels = build_wheels(folder, *OURS, suite.parents[1])
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-compile")
    run(*pip, *wheels)
    run(*pip, "--no-deps", "--no-index", "--force-reinstall", *wheels)
    return python


@pytest.mark.parametrize("name", SUITES)
def test_the_standard_suite_passes(name, tmp_path):
    suite = SUITES[name]
    python = installed(name, suite, tmp_path)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}

    done = subprocess.run(
        [python, "-m", "pytest", "-q", "--tb=short", "--confcutdir", suite, suite],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
    counted = {word: int(n) for n, word in re.findall(r"(\d+) (\w+)", done.stdout.splitlines()[-1])}
    assert counted["passed"] >= 40, done.stdout
    assert counted.get("skipped", 0) + counted.get("xfailed", 0) <= 6, done.stdout


def test_every_integration_has_a_suite_or_tests_of_its_own():
    for folder in ROOT.glob("integrations/*/pyproject.toml"):
        assert list(folder.parent.glob("tests/test_*.py")), folder.parent.name
