"""Integrations pass their suites as installed from wheels, offline, beside the newest framework.

A folder of tests with a `requirements.txt` is a suite: the framework's own standard suite where there
is one, else the tests of the integration. It has an environment of its own in `.venv-bench`; the
framework comes from the package index, as new as it has it, ours from wheels of this checkout. Without
the index the tests are skipped.
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
INTEGRATIONS = ROOT / "integrations"
SUITES = {
    file.relative_to(INTEGRATIONS).parts[0]: file.parent
    for file in sorted(INTEGRATIONS.glob("*/tests/**/requirements.txt"))
}
OURS = [ROOT / "core", ROOT / "plugins" / "bedrock", ROOT / "plugins" / "openai"]
OPTIONS = [
    *("-q", "--tb=short", "-c", os.devnull, "-p", "no:cacheprovider", "--import-mode=importlib"),
    *("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"),
]


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """The wheels that every integration needs."""
    return build_wheels(tmp_path_factory.mktemp("wheels"), *OURS)


def installed(name, suite, folder, ours):
    """The interpreter of an environment with the framework's suite and our wheels."""
    python = python_with(f"integrations-{name}", suite / "requirements.txt")
    wheels = [*ours, *build_wheels(folder, INTEGRATIONS / name)]
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-compile")
    run(*pip, *wheels)
    run(*pip, "--no-deps", "--no-index", "--force-reinstall", *wheels)
    return python


@pytest.mark.parametrize("name", SUITES)
def test_the_suite_passes(name, ours, tmp_path):
    suite = SUITES[name]
    python = installed(name, suite, tmp_path, ours)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}

    done = subprocess.run(
        [python, "-m", "pytest", *OPTIONS, "--rootdir", suite, "--confcutdir", suite, suite],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=600,  # Ray starts dozens of processes
    )

    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
    counted = {word: int(n) for n, word in re.findall(r"(\d+) (\w+)", done.stdout.splitlines()[-1])}
    assert counted["passed"] >= 20, done.stdout
    assert counted.get("skipped", 0) + counted.get("xfailed", 0) <= 6, done.stdout
