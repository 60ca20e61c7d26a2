"""Integrations pass their suites as installed from wheels, offline, beside the newest framework.

A folder of tests with a `requirements.txt` is a suite: the framework's own standard suite where there
is one, else the tests of the integration. It has an environment of its own in `.venv-bench`; the
framework comes from the package index, as new as it has it, ours from wheels of this checkout. Without
the index the tests are skipped.
"""

import os
import re
import subprocess

import pytest
from integration_venvs import INTEGRATIONS, python_beside

# Filling an environment takes as long as the package index does.
pytestmark = [
    pytest.mark.timeout(1500),
    pytest.mark.extensive("it fills environments with frameworks, and runs their suites"),
]

SUITES = {
    file.relative_to(INTEGRATIONS).parts[0]: file.parent
    for file in sorted(INTEGRATIONS.glob("*/tests/**/requirements.txt"))
}
OPTIONS = [
    *("-q", "--tb=short", "-c", os.devnull, "-p", "no:cacheprovider", "--import-mode=importlib"),
    *("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function"),
]


@pytest.mark.parametrize("name", SUITES)
def test_the_suite_passes(name, tmp_path):
    suite = SUITES[name]
    python = python_beside(f"integrations-{name}", suite / "requirements.txt", name, tmp_path)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}

    done = subprocess.run(
        [python, "-m", "pytest", *OPTIONS, "--rootdir", suite, "--confcutdir", suite, suite],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=1200,  # Ray starts dozens of processes
    )

    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
    counted = {word: int(n) for n, word in re.findall(r"(\d+) (\w+)", done.stdout.splitlines()[-1])}
    assert counted["passed"] >= 20, done.stdout
    assert counted.get("skipped", 0) + counted.get("xfailed", 0) <= 6, done.stdout
